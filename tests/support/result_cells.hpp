#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "record/cell_writer.hpp"

/// Result folders with known numbers, as a run would have left them.
namespace elbow::test {

/// A cell with one metric, or with none when it failed.
struct ResultCell {
  std::string model = "gaussian", method = "hmc";
  int replicate = 0;
  double elbo = 0;
  double mcse = std::numeric_limits<double>::quiet_NaN();
  Outcome outcome{Ending::budget_spent, ""};
  double learning_rate = 0.1;
};

/// Metrics beside `elbo`, the same in all cells: they are there to be chosen or not.
inline constexpr double iterations_of_cells = 2000;

inline std::string hash_of(const ResultCell& cell) {
  const std::string identity =
      cell.model + '\n' + cell.method + '\n' + std::to_string(cell.replicate);
  std::uint64_t digest = 1469598103934665603u;  // FNV-1a
  for (const char c : identity) digest = (digest ^ static_cast<unsigned char>(c)) * 1099511628211u;
  char text[33];
  std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(digest),
                static_cast<unsigned long long>(~digest));
  return text;
}

inline std::filesystem::path file_of(const std::filesystem::path& folder, const ResultCell& cell) {
  const std::string hash = hash_of(cell);
  return folder / "cells" / hash.substr(0, 2) / (hash + ".h5");
}

inline void write_result(const std::filesystem::path& folder, const ResultCell& cell) {
  CellWriter writer(file_of(folder, cell));
  const nlohmann::ordered_json configuration = {
      {"seed", 7},
      {"replicate", cell.replicate},
      {"model", {{"plugin", "gaussian"}, {"options", {{"dimension", 2}}}}},
      {"method",
       {{"optimizer",
         {{"plugin", "adam"}, {"options", {{"learning_rate", cell.learning_rate}}}}}}}};
  writer.attribute("hash", hash_of(cell));
  writer.attribute("experiment", std::string("known"));
  writer.attribute("model", cell.model);
  writer.attribute("method", cell.method);
  writer.attribute("replicate", std::int64_t{cell.replicate});
  writer.attribute("configuration", configuration.dump());
  writer.attribute("provenance", std::string("{}"));
  if (!is_failure(cell.outcome.ending)) {
    constexpr double none = std::numeric_limits<double>::quiet_NaN();
    writer.metrics({{"elbo", cell.elbo, cell.mcse, "nats", "evidence lower bound"},
                    {"iterations", iterations_of_cells, none, "", "steps of the estimator"}});
    RowStream& rows = writer.rows("vi_checkpoints", "iteration", {{"elbo", "", "nats"}});
    for (int i = 1; i <= 1000; i *= 10)
      rows.append(i, Eigen::VectorXd::Constant(1, cell.elbo - 1. / i));
  }
  writer.outcome(cell.outcome);
  writer.commit();
}

/// plan.json of these cells, in their order.
inline void write_plan_of(const std::filesystem::path& folder,
                          const std::vector<ResultCell>& cells) {
  nlohmann::ordered_json plan = {{"title", "Known numbers"},
                                 {"experiment_text", "seed = 7\n"},
                                 {"models", nlohmann::ordered_json::array()},
                                 {"methods", nlohmann::ordered_json::array()},
                                 {"cells", nlohmann::ordered_json::array()},
                                 {"impossible", nlohmann::ordered_json::array()}};
  const auto place = [&](const char* list, const std::string& name) {
    auto& names = plan[list];
    for (std::size_t i = 0; i < names.size(); ++i)
      if (names[i]["name"] == name) return i;
    names.push_back({{"name", name}});
    return names.size() - 1;
  };
  for (const ResultCell& cell : cells)
    plan["cells"].push_back({{"hash", hash_of(cell)},
                             {"model", place("models", cell.model)},
                             {"method", place("methods", cell.method)},
                             {"replicate", cell.replicate}});
  std::filesystem::create_directories(folder / "cells");
  std::ofstream(folder / "plan.json") << plan.dump(1);
}

/// All of the cells with their plan. @return the folder
inline std::filesystem::path write_results(const std::filesystem::path& folder,
                                           const std::vector<ResultCell>& cells) {
  write_plan_of(folder, cells);
  for (const ResultCell& cell : cells) write_result(folder, cell);
  return folder;
}

}  // namespace elbow::test
