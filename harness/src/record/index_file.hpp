#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "record/cell_summary.hpp"

namespace elbow {

/// A cell file as the folder lists it. Two listings that agree mean the same content, for cell
/// files are never changed in place.
struct ListedFile {
  std::string path;  ///< relative to the experiment's result folder
  double bytes = 0;
  double modified = 0;  ///< seconds since 1970, to a quarter of a microsecond

  auto operator<=>(const ListedFile&) const = default;
};

/// What index.h5 holds.
struct IndexContent {
  std::vector<ListedFile> files;       ///< that could be read
  std::vector<CellSummary> summaries;  ///< one per file
  std::vector<ListedFile> unreadable;
  std::vector<std::string> reasons;  ///< one per unreadable file
};

/// Writes index.h5 as a whole, see results/README.md for its layout.
/// @throws RecordError
void write_index(const std::filesystem::path& file, const IndexContent& content);
/// @throws Error naming the file when it is not a complete index.
IndexContent load_index(const std::filesystem::path& file);

}  // namespace elbow
