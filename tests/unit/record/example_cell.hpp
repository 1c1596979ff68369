#pragma once

#include <filesystem>
#include <limits>

#include "record/cell_writer.hpp"

/// A cell file with every kind of group, whose numbers are closed formulas of their indices, so
/// that any reader can check them:
///   posterior/x[chain, draw, i, j] = 100 chain + draw + 0.01 (3 i + j),  2 x 3
///   posterior/theta[chain, draw, k] = 100 chain + draw + 0.01 k,  dimension school
///   posterior/mu[chain, draw] = -(100 chain + draw)
///   sample_stats/steps[chain, draw] = 7 chain + draw, integers; diverging: draw divisible by 10
///   divergence_posterior/mu[chain, divergence] = 10 chain + divergence; two of chain 0, one of
///   chain 1 divergence_sample_stats/transition[chain, divergence] = 20 divergence
///   diagnostics/theta[metric, k] = k for the metric mean, 100 + k for ess_bulk
///   constant_data/rain[year] = 10, 20, 30 in the years 1999, 2001 and -5, which are integers
///   vi_trace/elbo[row] = -1 / (row + 1), iteration = 10 row
inline constexpr elbow::Index example_chains = 2, example_draws = 50, example_rows = 10000;

inline void write_example(elbow::CellWriter& cell) {
  using namespace elbow;
  cell.attribute("hash", std::string("0123456789abcdef0123456789abcdef"));
  cell.attribute("experiment", std::string("example"));
  cell.attribute("model", std::string("eight_schools"));
  cell.attribute("method", std::string("nuts – Größe"));
  cell.attribute("replicate", std::int64_t{3});
  cell.attribute("configuration", std::string(R"({"seed":1,"model":{"axes":{"points":200}}})"));
  cell.attribute("provenance", std::string(R"({"host":"here"})"));
  cell.coordinate({"school", {"A", "B", "Č", "D"}});

  DrawStream& posterior = cell.draws(
      "posterior",
      {{"x", {2, 3}, {}, ""}, {"theta", {4}, {"school"}, "points"}, {"mu", {}, {}, "points"}},
      example_chains);
  DrawStream& statistics =
      cell.draws("sample_stats", {{"steps", {}, {}, ""}, {"diverging", {}, {}, ""}}, example_chains,
                 {"steps"}, {"diverging"});
  for (Index draw = 0; draw < example_draws; ++draw)
    for (Index chain = 0; chain < example_chains; ++chain) {
      const double base = 100. * static_cast<double>(chain) + static_cast<double>(draw);
      Eigen::VectorXd row(11);
      for (Index i = 0; i < 2; ++i)
        for (Index j = 0; j < 3; ++j) row[i + 2 * j] = base + 0.01 * static_cast<double>(3 * i + j);
      for (Index k = 0; k < 4; ++k) row[6 + k] = base + 0.01 * static_cast<double>(k);
      row[10] = -base;
      posterior.append(chain, row);
      statistics.append(
          chain, Eigen::Vector2d(static_cast<double>(7 * chain + draw), draw % 10 == 0 ? 1. : 0.));
    }
  DrawStream& places =
      cell.draws("divergence_posterior", {{"mu", {}, {}, "points"}}, example_chains);
  DrawStream& times =
      cell.draws("divergence_sample_stats", {{"transition", {}, {}, ""}}, example_chains);
  for (Index chain = 0; chain < example_chains; ++chain)
    for (Index k = 0; k < 2 - chain; ++k) {
      places.append(chain, Eigen::VectorXd::Constant(1, static_cast<double>(10 * chain + k)));
      times.append(chain, Eigen::VectorXd::Constant(1, static_cast<double>(20 * k)));
    }
  RowStream& trace = cell.rows("vi_trace", "iteration", {{"elbo", "evidence lower bound", ""}});
  for (Index row = 0; row < example_rows; ++row)
    trace.append(10. * static_cast<double>(row),
                 Eigen::VectorXd::Constant(1, -1. / static_cast<double>(row + 1)));
  cell.array("observed_data", {"y", {4}, {"school"}, "points"}, Eigen::Vector4d(28, 8, -3, 7));
  Eigen::VectorXd design(6);
  design << 11, 21, 12, 22, 13, 23;  // row i, column j: 10 (i + 1) + j + 1
  cell.array("constant_data", {"design", {2, 3}, {}, ""}, design);
  cell.array("constant_data", {"nothing", {0}, {}, ""}, Eigen::VectorXd(0));
  cell.coordinate({"year", {"1999", "2001", "-5"}});
  cell.array("constant_data", {"rain", {3}, {"year"}, "mm"}, Eigen::Vector3d(10, 20, 30));
  cell.coordinate({"metric", {"mean", "ess_bulk"}});
  Eigen::VectorXd diagnostics(8);
  diagnostics << 0, 100, 1, 101, 2, 102, 3, 103;  // mean k, ess_bulk 100 + k
  cell.array("diagnostics", {"theta", {2, 4}, {"metric", "school"}, ""}, diagnostics);
  cell.metrics(
      {{"elbo", -31.5, 0.25, "nats", "evidence lower bound"},
       {"k_hat", 0.5, std::numeric_limits<double>::quiet_NaN(), "", "tail of the weights"}});
  cell.timing({{"seconds", 1.5, std::numeric_limits<double>::quiet_NaN(), "s", "wall time"}});
  cell.outcome({Ending::converged, ""});
}
