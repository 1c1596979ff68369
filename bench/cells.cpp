// What a cell costs that does nothing: 2,000 and 20,000 cells with -j 2, a run of which everything
// is cached, and beside them what the machine needs for the unavoidable part, a process and a file
// that is on the disk.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <elbow/error.hpp>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "run/scheduler.hpp"

namespace {

using namespace elbow;
namespace fs = std::filesystem;

double seconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void line(const char* what, std::size_t count, double total) {
  std::printf("%-52s %7zu %9.2f s %8.3f ms each\n", what, count, total,
              1000 * total / double(count));
  std::fflush(stdout);
}

/// A file of the given size, on the disk before it has its name.
void store(const fs::path& file, std::size_t size) {
  const std::vector<char> bytes(size, 'x');
  const std::string temporary = file.string() + ".tmp-" + std::to_string(getpid());
  const int descriptor = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
  if (descriptor < 0 || write(descriptor, bytes.data(), size) != ssize_t(size) ||
      fsync(descriptor) != 0)
    throw Error(temporary + " cannot be written");
  close(descriptor);
  fs::rename(temporary, file);
}

void measure_floor(const fs::path& folder, std::size_t size, std::size_t count) {
  line("fork, exit and wait, one after another", count, seconds([&] {
         for (std::size_t i = 0; i < count; ++i) {
           const pid_t child = fork();
           if (child == 0) _exit(0);
           waitpid(child, nullptr, 0);
         }
       }));
  line("write, fsync and rename, one after another", count, seconds([&] {
         for (std::size_t i = 0; i < count; ++i) store(folder / std::to_string(i), size);
       }));
  std::vector<Cell> cells(count);
  std::vector<const Cell*> pointers;
  for (std::size_t i = 0; i < count; ++i) {
    char hash[40];
    std::snprintf(hash, sizeof hash, "%02zx%030zx", i % 256, i);
    cells[i].hash = hash;
    pointers.push_back(&cells[i]);
  }
  ScheduleSettings settings;
  settings.workers = 2;
  const CellWork work{[size](const Cell&, const fs::path& file) {
                        store(file, size);
                        return Outcome{Ending::converged, ""};
                      },
                      [](const Cell&, const fs::path&, const Outcome&, double) {}};
  line("floor: both in the scheduler's workers, -j 2", count, seconds([&] {
         run_cells(pointers, folder / "floor", work, settings, [](const ScheduleState&) {});
       }));
}

void run_program(const fs::path& folder, std::size_t count) {
  const std::string command =
      "cd '" + folder.string() +
      "' && " ELBOW_PROGRAM " run nothing.toml -q -j 2 --set repeats=" + std::to_string(count);
  if (std::system(command.c_str()) != 0) throw Error("failed: " + command);
}

std::size_t size_of_a_cell(const fs::path& cells) {
  for (const auto& entry : fs::recursive_directory_iterator(cells))
    if (entry.path().extension() == ".h5") return std::size_t(entry.file_size());
  throw Error(cells.string() + " has no cells");
}

}  // namespace

int main() {
  std::string pattern = (fs::temp_directory_path() / "elbow-bench-XXXXXX").string();
  const fs::path folder = mkdtemp(pattern.data());
  std::ofstream(folder / "nothing.toml")
      << "[[model]]\nplugin = \"gaussian\"\n[[method]]\nname = \"nothing\"\nsampler = { plugin = "
         "\"random_walk_metropolis\" }\nchains = 1\nwarmup = 0\ndraws = 1\n";
  for (const std::size_t count : {2'000, 20'000}) {
    fs::remove_all(folder / "results");
    line("elbow run of cells that do nothing, -j 2", count,
         seconds([&] { run_program(folder, count); }));
    line("the same again, all cached", count, seconds([&] { run_program(folder, count); }));
  }
  const std::size_t size = size_of_a_cell(folder / "results/nothing/cells");
  std::printf("a cell's file has %zu bytes\n", size);
  measure_floor(folder, size, 2'000);
  fs::remove_all(folder);
}
