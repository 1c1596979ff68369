#pragma once

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "plan/plan.hpp"
#include "run/result_folder.hpp"
#include "run/scheduler.hpp"

namespace elbow::test {

/// A folder that goes with the test.
class Scratch {
 public:
  Scratch() {
    std::string pattern = (std::filesystem::temp_directory_path() / "elbow-run-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~Scratch() { std::filesystem::remove_all(folder_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
};

inline std::string text_of(const std::filesystem::path& file) {
  std::ifstream stream(file);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

inline void write_text(const std::filesystem::path& file, const std::string& text) {
  std::ofstream(file) << text;
}

/// Cells with hashes 00..., 01..., in order.
inline std::vector<Cell> some_cells(unsigned count) {
  std::vector<Cell> cells(count);
  for (unsigned i = 0; i < count; ++i) {
    char hash[40];
    std::snprintf(hash, sizeof hash, "%02x%030x", i % 256, i);
    cells[i].hash = hash;
    cells[i].replicate = i;
  }
  return cells;
}

inline std::vector<const Cell*> pointers(const std::vector<Cell>& cells) {
  std::vector<const Cell*> all;
  for (const Cell& cell : cells) all.push_back(&cell);
  return all;
}

/// Work on text files: the outcome's name and its reason.
inline CellWork text_work(std::function<void(const Cell&)> behaviour) {
  return {[behaviour](const Cell& cell, const std::filesystem::path& file) {
            behaviour(cell);
            write_text(file, "converged");
            return Outcome{Ending::converged, ""};
          },
          [](const Cell&, const std::filesystem::path& file, const Outcome& outcome, double) {
            write_text(file, std::string(ending_name(outcome.ending)) + ": " + outcome.reason);
          }};
}

inline ScheduleResult schedule(const std::vector<Cell>& cells, const Scratch& scratch,
                               const CellWork& work, const ScheduleSettings& settings) {
  return run_cells(pointers(cells), scratch.folder(), work, settings, [](const ScheduleState&) {});
}

inline std::string stored(const Scratch& scratch, const Cell& cell) {
  return text_of(scratch.folder() / cell_path(cell.hash));
}

}  // namespace elbow::test
