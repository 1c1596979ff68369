#include "run/found_snapshots.hpp"

#include <algorithm>
#include <elbow/error.hpp>
#include <unordered_map>

#include "cell/fit_snapshots.hpp"

namespace elbow {

namespace fs = std::filesystem;

namespace {

FoundSnapshot examine(const fs::path& file, const Cell& cell, const std::string& build) {
  FoundSnapshot found{&cell, 0, ""};
  try {
    const SnapshotHeader header = SnapshotReader(file).header();
    found.iteration = header.iteration;
    if (header.hash != cell.hash)
      found.refusal = file.string() + ": is of the cell " + header.hash;
    else if (header.build != build)
      found.refusal = file.string() + ": was left by another build of the program or a plugin";
  } catch (const Error& error) {
    found.refusal = error.what();
  }
  return found;
}

}  // namespace

std::vector<FoundSnapshot> find_snapshots(const fs::path& folder,
                                          const std::vector<const Cell*>& to_run,
                                          const std::vector<const Cell*>& cached,
                                          const PluginDigests& digests, const Json& provenance) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::recursive_directory_iterator file(folder / "cells", error), end; !error && file != end;
       file.increment(error))
    if (file->path().extension() == ".snapshot") files.push_back(file->path());
  std::vector<FoundSnapshot> found;
  if (files.empty()) return found;
  std::sort(files.begin(), files.end());

  struct Known {
    const Cell* cell;
    bool complete;
  };
  std::unordered_map<std::string, Known> cells;
  for (const Cell* cell : to_run) cells.emplace(cell->hash, Known{cell, false});
  for (const Cell* cell : cached) cells.emplace(cell->hash, Known{cell, true});
  for (const fs::path& file : files) {
    const auto known = cells.find(file.stem().string());
    if (known == cells.end()) continue;
    const Cell& cell = *known->second.cell;
    if (known->second.complete) {
      fs::remove(file, error);
      continue;
    }
    Json made_by = provenance;
    made_by["plugins"] = digests.of(cell);
    found.push_back(examine(file, cell, build_of(made_by)));
  }
  return found;
}

}  // namespace elbow
