#include <algorithm>
#include <elbow/error.hpp>
#include <filesystem>
#include <iostream>

#include "cli/call.hpp"
#include "cli/verbs.hpp"
#include "record/cell_summary.hpp"

int elbow::verb_index(const std::vector<std::string>& arguments) {
  const auto call =
      parse_call({"index",
                  "Rebuilds DIR/index.h5, the table of all cells that `compare`, `report` and a "
                  "resumed `run`\n"
                  "start from, out of the cell files. Its column `planned` says which cells the "
                  "last plan has;\n"
                  "the others are of earlier versions of the experiment, and stay. Exit status 1 "
                  "when a file\ncannot be read.",
                  {{"DIR", "a result folder, such as results/quickstart"}},
                  {}},
                 arguments);
  if (!call) return 0;
  const std::filesystem::path folder = call->positionals[0];
  if (!std::filesystem::is_directory(folder / "cells"))
    throw Error(folder.string() + ": not a result folder: expected cells/ in it");
  std::vector<std::string> unreadable;
  const std::vector<CellSummary> cells = rebuild_index(folder, unreadable);
  const auto unplanned = std::count_if(cells.begin(), cells.end(),
                                       [](const CellSummary& cell) { return !cell.planned; });
  std::cout << (folder / "index.h5").string() << ": " << cells.size()
            << (cells.size() == 1 ? " cell" : " cells");
  if (unplanned > 0)
    std::cout << ", " << unplanned << " of other versions of the experiment (not in plan.json)";
  std::cout << '\n';
  for (const std::string& file : unreadable) std::cerr << "unreadable: " << file << '\n';
  return unreadable.empty() ? 0 : 1;
}
