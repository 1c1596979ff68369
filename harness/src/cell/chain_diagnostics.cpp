#include "cell/chain_diagnostics.hpp"

#include <algorithm>
#include <cmath>
#include <elbow/math.hpp>

#include "diagnostics/draws_summary.hpp"

namespace elbow {
namespace {

/// The largest or smallest of numbers of which any may be NaN, which is then the worst.
class Worst {
 public:
  explicit Worst(bool largest) : largest_(largest) {}
  void add(double value) {
    if (none_ || std::isnan(value))
      value_ = value;
    else if (!std::isnan(value_))
      value_ = largest_ ? std::fmax(value_, value) : std::fmin(value_, value);
    none_ = false;
  }
  double value() const { return value_; }

 private:
  bool largest_, none_ = true;
  double value_ = not_a_number;
};

/// A name for the axis of the fields that no variable's axis has.
std::string field_axis(const std::vector<Variable>& variables) {
  std::string axis = "metric";
  const auto taken = [&](const Variable& variable) {
    return variable.name == axis ||
           std::find(variable.dims.begin(), variable.dims.end(), axis) != variable.dims.end();
  };
  while (std::any_of(variables.begin(), variables.end(), taken)) axis += "_";
  return axis;
}

}  // namespace

void add_chain_diagnostics(Draws summaries, Index stride, std::vector<Metric>& metrics) {
  const auto at = [&](const char* name, Index c) {
    return summaries(draws_summary_place(name), c);
  };
  Worst rhat(true), bulk(false), tail(false), quantiles(false), mean_error(true), sd_error(true),
      quantile_error(true);
  Index constant = 0;
  for (Index c = 0; c < summaries.cols(); ++c) {
    const double sd = at("sd", c);
    if (sd == 0) {
      ++constant;
      continue;
    }
    rhat.add(at("rhat", c));
    bulk.add(at("ess_bulk", c));
    tail.add(at("ess_tail", c));
    for (const char* level : {"q5", "q50", "q95"}) {
      quantiles.add(at((std::string("ess_") + level).c_str(), c));
      quantile_error.add(at((std::string("mcse_") + level).c_str(), c) / sd);
    }
    mean_error.add(at("mcse_mean", c) / sd);
    sd_error.add(at("mcse_sd", c) / sd);
  }
  const std::string of = stride == 1 ? "" : ", from every " + std::to_string(stride) + "th draw";
  const auto add = [&](const char* name, const Worst& worst, const char* unit,
                       const std::string& help) {
    metrics.push_back({name, worst.value(), not_a_number, unit, help + of});
  };
  add("rhat_max", rhat, "", "largest rank-normalised split R-hat over the variables");
  add("ess_bulk_min", bulk, "draws", "smallest bulk effective sample size over the variables");
  add("ess_tail_min", tail, "draws", "smallest tail effective sample size over the variables");
  add("ess_quantile_min", quantiles, "draws",
      "smallest effective sample size of a 5%, 50% or 95% quantile over the variables");
  add("mcse_mean_max", mean_error, "",
      "largest Monte-Carlo standard error of a mean, in units of the variable's sd");
  add("mcse_sd_max", sd_error, "",
      "largest Monte-Carlo standard error of an sd, in units of the variable's sd");
  add("mcse_quantile_max", quantile_error, "",
      "largest Monte-Carlo standard error of a 5%, 50% or 95% quantile, in units of the variable's "
      "sd");
  metrics.push_back({"constant_variables", double(constant), not_a_number, "",
                     "elements of variables that never changed; not in the extremes above"});
}

MomentEstimates moments_of(Draws summaries) {
  const auto row = [&](const char* name) {
    return summaries.row(draws_summary_place(name)).transpose().eval();
  };
  return {row("mean"), row("sd"), row("mcse_mean"), row("mcse_sd")};
}

void write_per_variable(const std::string& group, const std::vector<TraceField>& fields,
                        Draws values, const std::vector<Variable>& variables, CellWriter& writer) {
  const std::string axis = field_axis(variables);
  Coordinate names{axis, {}};
  for (const TraceField& field : fields) names.labels.push_back(field.name);
  writer.coordinate(names);
  Index first = 0;
  for (const Variable& variable : variables) {
    Variable with_fields = variable;
    with_fields.shape.insert(with_fields.shape.begin(), values.rows());
    if (variable.dims.empty())
      for (std::size_t i = 0; i < variable.shape.size(); ++i)
        with_fields.dims.push_back(variable.name + "_dim_" + std::to_string(i));
    with_fields.dims.insert(with_fields.dims.begin(), axis);
    with_fields.unit.clear();
    const Eigen::MatrixXd own = values.middleCols(first, variable.size());
    writer.array(group, with_fields, own.reshaped());
    first += variable.size();
  }
}

}  // namespace elbow
