#include "compare/draw_errors.hpp"

#include <algorithm>
#include <cmath>
#include <elbow/error.hpp>
#include <elbow/math.hpp>
#include <map>
#include <optional>
#include <set>

#include "compare/cell_keys.hpp"
#include "config/nearest.hpp"
#include "diagnostics/draws_summary.hpp"
#include "diagnostics/psis.hpp"
#include "diagnostics/two_sample.hpp"
#include "diagnostics/weighted_draws.hpp"
#include "record/result_reader.hpp"

namespace elbow {

namespace {

/// One element of a variable with what its draws say of it.
struct ElementDraws {
  std::string name;
  Eigen::VectorXd x;        ///< all chains behind each other
  Eigen::VectorXd summary;  ///< see draws_summary

  double operator[](const char* field) const { return summary[draws_summary_place(field)]; }
};

/// The draws of a cell. Weighted ones, which have the metric `ess_weights`, are resampled in
/// proportion to their smoothed weights: a draw taken several times then lies beside itself, and
/// effective sample sizes count it once. Empty where no weight is finite.
std::vector<ElementDraws> read_elements(const std::filesystem::path& file,
                                        const CellSummary& cell) {
  const std::vector<ChainDraws> all = read_draws(file, "posterior");
  std::optional<std::vector<Index>> chosen;
  if (cell.metrics.count("ess_weights") > 0)
    for (const ChainDraws& statistic : read_draws(file, "sample_stats"))
      if (statistic.name == "log_weight") {
        const Eigen::VectorXd log_weights = statistic.x.reshaped();
        if (!std::isfinite(log_weights.maxCoeff<Eigen::PropagateNaN>())) return {};
        chosen = systematic_choice(normalised_weights(psis(log_weights).log_weights),
                                   log_weights.size());
      }
  std::vector<ElementDraws> elements;
  for (const ChainDraws& draws : all) {
    const Eigen::MatrixXd x =
        chosen ? Eigen::MatrixXd(draws.x.reshaped()(*chosen)) : Eigen::MatrixXd(draws.x);
    elements.push_back({draws.name, x.reshaped(), draws_summary(x, draws.walkers)});
  }
  return elements;
}

/// The largest error over elements, with its standard error; NaN is larger than any.
struct Largest {
  Estimate error{-1, not_a_number};
  void add(const Estimate& other) {
    if (std::isnan(error.value) || other.value <= error.value) return;
    error = other;
  }
};

bool can_be_compared(const CellSummary& cell) {
  return !is_failure(cell.outcome.ending) && cell.outcome.ending != Ending::skipped;
}

/// @return whether both have the same elements, of which one varies
bool add_errors(const std::vector<ElementDraws>& own, const std::vector<ElementDraws>& other,
                CellSummary& cell) {
  Largest mean, sd, margin;
  if (own.size() != other.size()) return false;
  for (std::size_t i = 0; i < own.size(); ++i) {
    const ElementDraws &a = own[i], &b = other[i];
    if (a.name != b.name) return false;
    const double unit = b["sd"];
    if (!std::isfinite(unit) || unit <= 0) continue;
    const auto gap = [&](const char* field, const char* error) {
      return Estimate{std::fabs(a[field] - b[field]) / unit, std::hypot(a[error], b[error]) / unit};
    };
    mean.add(gap("mean", "mcse_mean"));
    sd.add(gap("sd", "mcse_sd"));
    // The margin of b has its own effective size: its part of the error is scaled to it.
    const double size = double(b.x.size()), thinned = std::fmax(2, std::fmin(size, b["ess_bulk"]));
    const Eigen::VectorXd independent = b.x(Eigen::seqN(0, Index(thinned), Index(size / thinned)));
    const Estimate distance =
        wasserstein_1(a.x, std::fmin(double(a.x.size()), a["ess_bulk"]), independent);
    margin.add({distance.value / unit, distance.standard_error / unit});
  }
  if (mean.error.value < 0) return false;
  const auto add = [&](const char* name, const Estimate& error, const char* of) {
    cell.metrics[name] = {name, error.value, error.standard_error, "",
                          std::string("largest ") + of +
                              " against the other method's draws, in "
                              "their standard deviations"};
  };
  add("mean_error_to_draws", mean.error, "error of a mean");
  add("sd_error_to_draws", sd.error, "error of an sd");
  add("wasserstein_to_draws", margin.error, "Wasserstein-1 distance of a margin");
  return true;
}

std::string find_method(const std::vector<ResultFolder>& folders, const std::string& asked) {
  std::set<std::string> names, meant;
  for (const ResultFolder& folder : folders)
    for (const CellSummary& cell : folder.cells) {
      names.insert(cell.method);
      if (value_matches("method", cell.method, asked)) meant.insert(cell.method);
    }
  if (meant.count(asked) > 0) return asked;
  if (meant.size() == 1) return *meant.begin();
  if (!meant.empty()) {
    std::string text;
    for (const std::string& name : meant) text += (text.empty() ? "" : ", ") + name;
    throw Error("--draws-of " + asked + " could mean " + text + "; give the full name");
  }
  const std::set<std::string> askable = askable_values("method", names);
  throw Error("no cell has the method \"" + asked + "\" that --draws-of names" +
              suggestion(asked, {askable.begin(), askable.end()}));
}

}  // namespace

std::vector<std::string> add_draw_errors(std::vector<ResultFolder>& folders,
                                         const std::string& asked) {
  const std::string method = find_method(folders, asked);
  std::size_t left_out = 0;
  for (ResultFolder& folder : folders) {
    std::map<std::pair<std::string, std::int64_t>, std::vector<CellSummary*>> by_data;
    for (CellSummary& cell : folder.cells) by_data[{cell.model, cell.replicate}].push_back(&cell);
    for (const auto& [data, cells] : by_data) {
      const auto other = std::find_if(cells.begin(), cells.end(), [&](const CellSummary* cell) {
        return cell->method == method && can_be_compared(*cell);
      });
      std::vector<ElementDraws> yardstick;
      if (other != cells.end()) yardstick = read_elements(folder.path / (*other)->path, **other);
      for (CellSummary* cell : cells) {
        if (cell->method == method) continue;
        if (yardstick.empty() || !can_be_compared(*cell) ||
            !add_errors(read_elements(folder.path / cell->path, *cell), yardstick, *cell))
          ++left_out;
      }
    }
  }
  std::vector<std::string> notes = {
      "..._to_draws: against the draws of " + method +
      " of the same model and replicate; a Wasserstein distance is not zero between equal "
      "distributions"};
  if (left_out > 0)
    notes.push_back(std::to_string(left_out) + (left_out == 1 ? " cell has" : " cells have") +
                    " no draws that can be compared with those of " + method);
  return notes;
}

}  // namespace elbow
