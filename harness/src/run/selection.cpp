#include "run/selection.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <elbow/error.hpp>
#include <random>

namespace elbow {

namespace {

bool names(const std::string& pattern, const Plan& plan, const Cell& cell) {
  // Names may have brackets in them, so a name as it is printed is tried first.
  const auto fits = [&](const std::string& label) {
    return label == pattern || fnmatch(pattern.c_str(), label.c_str(), 0) == 0;
  };
  const std::string pair = plan.models[cell.model].name + "/" + plan.methods[cell.method].name;
  return (!pattern.empty() && cell.hash.compare(0, pattern.size(), pattern) == 0) || fits(pair) ||
         fits(cell_label(plan, cell));
}

}  // namespace

std::string cell_label(const Plan& plan, const Cell& cell) {
  return plan.models[cell.model].name + "/" + plan.methods[cell.method].name + "/" +
         std::to_string(cell.replicate);
}

std::vector<const Cell*> select_cells(const Plan& plan, const std::vector<std::string>& patterns) {
  std::vector<const Cell*> selected;
  std::vector<bool> used(patterns.size(), false);
  for (const Cell& cell : plan.cells) {
    bool wanted = patterns.empty();
    for (std::size_t i = 0; i < patterns.size(); ++i)
      if (names(patterns[i], plan, cell)) wanted = used[i] = true;
    if (wanted) selected.push_back(&cell);
  }
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    if (used[i]) continue;
    std::string text = "--only \"" + patterns[i] +
                       "\": no cell has a hash that begins so or a name " +
                       "(model/method/replicate) that fits; there are";
    std::vector<const Cell*> all;
    for (const Cell& cell : plan.cells) all.push_back(&cell);
    for (const Cell* cell : spread_sample(all, 5))
      text += "\n  " + cell->hash.substr(0, 8) + "  " + cell_label(plan, *cell);
    if (all.empty()) text += " no cells in this plan";
    if (all.size() > 5) text += "\n  ... " + std::to_string(all.size()) + " cells in all";
    throw Error(text);
  }
  return selected;
}

std::vector<const Cell*> spread_sample(const std::vector<const Cell*>& cells, std::size_t count) {
  if (count >= cells.size()) return cells;
  std::vector<const Cell*> sample;
  for (std::size_t i = 0; i < count; ++i) sample.push_back(cells[i * cells.size() / count]);
  return sample;
}

void shuffle_cells(std::vector<const Cell*>& cells, std::uint64_t seed) {
  // std::shuffle may differ between standard libraries; the engine may not.
  std::mt19937_64 engine(seed);
  for (std::size_t left = cells.size(); left > 1; --left)
    std::swap(cells[left - 1], cells[engine() % left]);
}

}  // namespace elbow
