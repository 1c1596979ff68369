#include <H5Cpp.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <elbow/error.hpp>
#include <unordered_map>

#include "record/cell_summary.hpp"
#include "record/index_file.hpp"
#include "record/planned_cells.hpp"

namespace elbow {
namespace {

namespace fs = std::filesystem;

/// The cell files of a result folder by name: cells/ab/*.h5. Temporary files start with a dot.
std::vector<ListedFile> list_cells(const fs::path& folder) {
  std::error_code reason;
  if (!fs::is_directory(folder, reason))
    throw Error(folder.string() + ": expected a folder of results, got " +
                (reason ? reason.message() : "something else"));
  std::vector<ListedFile> files;
  const fs::path cells = folder / "cells";
  if (!fs::exists(cells, reason)) return files;
  const auto list = [](const fs::path& in, const auto& take) {
    std::error_code refused;
    for (fs::directory_iterator entry(in, refused), end; !refused && entry != end;
         entry.increment(refused))
      take(*entry);
    if (refused) throw Error(in.string() + ": cannot be listed: " + refused.message());
  };
  list(cells, [&](const fs::directory_entry& fan_out) {
    if (!fan_out.is_directory(reason)) return;
    list(fan_out.path(), [&](const fs::directory_entry& entry) {
      const std::string name = entry.path().filename().string();
      struct stat status {};
      if (name.front() == '.' || entry.path().extension() != ".h5") return;
      if (::stat(entry.path().c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return;
      files.push_back({(fs::path("cells") / fan_out.path().filename() / name).string(),
                       static_cast<double>(status.st_size),
                       static_cast<double>(status.st_mtim.tv_sec) +
                           1e-9 * static_cast<double>(status.st_mtim.tv_nsec)});
    });
  });
  std::sort(files.begin(), files.end());
  return files;
}

/// While it lives, HDF5 keeps the memory of closed files for the next ones: its tables of a file
/// take half a megabyte, which the system would make anew, page by page, for each.
class KeptMemory {
 public:
  KeptMemory() { H5set_free_list_limits(8 << 20, 1 << 20, 4 << 20, 1 << 18, 16 << 20, 1 << 20); }
  ~KeptMemory() {
    H5set_free_list_limits(1 << 20, 1 << 16, 4 << 20, 1 << 18, 16 << 20, 1 << 20);  // the defaults
    H5garbage_collect();
  }
};

/// Reads what the old index does not have.
IndexContent read_cells(const fs::path& folder, const std::vector<ListedFile>& files,
                        IndexContent old) {
  std::unordered_map<std::string, std::size_t> known;
  for (std::size_t i = 0; i < old.files.size(); ++i) known.emplace(old.files[i].path, i);
  IndexContent content;
  const KeptMemory kept_memory;
  for (const ListedFile& file : files) {
    const auto indexed = known.find(file.path);
    if (indexed != known.end() && old.files[indexed->second] == file) {
      content.files.push_back(file);
      content.summaries.push_back(std::move(old.summaries[indexed->second]));
      continue;
    }
    try {
      CellSummary summary = read_summary(folder / file.path);
      if (summary.hash != fs::path(file.path).stem())
        throw Error((folder / file.path).string() +
                    ": expected the cell that the file is named after, got the cell " +
                    summary.hash);
      summary.path = file.path;
      content.files.push_back(file);
      content.summaries.push_back(std::move(summary));
    } catch (const Error& error) {
      content.unreadable.push_back(file);
      content.reasons.emplace_back(error.what());
    }
  }
  return content;
}

/// Marks the cells that the plan has: all where there is none. @return whether a mark changed
bool mark_planned(const std::optional<std::unordered_set<std::string>>& hashes,
                  std::vector<CellSummary>& cells) {
  bool changed = false;
  for (CellSummary& cell : cells) {
    const bool planned = !hashes || hashes->count(cell.hash) > 0;
    changed = changed || planned != cell.planned;
    cell.planned = planned;
  }
  return changed;
}

}  // namespace

std::vector<CellSummary> read_index(const fs::path& folder) {
  const std::vector<ListedFile> files = list_cells(folder);
  const fs::path index = folder / "index.h5";
  IndexContent old;
  try {
    old = load_index(index);
  } catch (const Error&) {
    old = {};  // missing, damaged or of another version: a cache is made anew
  }
  std::vector<ListedFile> indexed = old.files;
  indexed.insert(indexed.end(), old.unreadable.begin(), old.unreadable.end());
  std::sort(indexed.begin(), indexed.end());
  const auto hashes = planned_cells(folder);
  const bool marks_changed = mark_planned(hashes, old.summaries);
  const bool same_files = indexed == files && fs::exists(index);
  if (same_files && !marks_changed) return std::move(old.summaries);

  IndexContent content = same_files ? std::move(old) : read_cells(folder, files, std::move(old));
  mark_planned(hashes, content.summaries);
  try {
    write_index(index, content);
  } catch (const RecordError&) {
    // Results in a folder that cannot be written to are as good without the cache.
  }
  return std::move(content.summaries);
}

std::vector<CellSummary> rebuild_index(const fs::path& folder,
                                       std::vector<std::string>& unreadable) {
  IndexContent content = read_cells(folder, list_cells(folder), {});
  mark_planned(planned_cells(folder), content.summaries);
  write_index(folder / "index.h5", content);
  unreadable = content.reasons;
  return std::move(content.summaries);
}

}  // namespace elbow
