#pragma once

#include <elbow/math.hpp>

#include "compare/result_folder.hpp"

namespace elbow::test {

/// A finished cell with one ELBO.
inline CellSummary cell(const std::string& model, const std::string& method, int replicate,
                        double elbo, double mcse = not_a_number) {
  CellSummary summary;
  summary.model = model;
  summary.method = method;
  summary.replicate = replicate;
  summary.hash = model + "/" + method + "/" + std::to_string(replicate);
  summary.outcome = {Ending::budget_spent, ""};
  summary.configuration = {{"seed", 1},
                           {"model", {{"plugin", model}, {"options", {{"dimension", 2}}}}},
                           {"method", {{"settings", {{"draws", 100}}}}}};
  summary.metrics["elbo"] = {"elbo", elbo, mcse, "nats", "evidence lower bound"};
  return summary;
}

inline CellSummary failed_cell(const std::string& model, const std::string& method, int replicate,
                               Ending ending, const std::string& reason) {
  CellSummary summary = cell(model, method, replicate, 0);
  summary.metrics.clear();
  summary.outcome = {ending, reason};
  return summary;
}

/// A folder without plan.json.
inline ResultFolder folder(std::vector<CellSummary> cells, const std::string& path = "results/a") {
  return arrange(path, "", std::move(cells));
}

}  // namespace elbow::test
