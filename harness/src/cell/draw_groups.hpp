#pragma once

#include <elbow/estimator.hpp>
#include <elbow/model.hpp>
#include <string>
#include <vector>

#include "record/cell_writer.hpp"

namespace elbow {

/// The groups that hold draws of one target: posterior, unconstrained_posterior and sample_stats,
/// with a prefix for draws of the warm-up.
class DrawGroups {
 public:
  /// @param statistics  numbers stored per draw in sample_stats
  /// @param prefix      "", "warmup_", or "fit_" for draws of a fit that a sampler follows
  /// @throws Error when the variables' sizes cannot be those of `constrain`.
  DrawGroups(Density& density, Index chains, const std::vector<TraceField>& statistics,
             const std::string& prefix, CellWriter& writer);

  /// The next draws of one chain. @param z [D x n]  @param statistics [F x n]
  void append(Index chain, Draws z, Draws statistics);
  /// One draw of each of n neighbouring chains. @param z [D x n]  @param statistics [F x n]
  void append_across(Index first_chain, Draws z, Draws statistics);

  /// C, the number of constrained variables' elements.
  Index variable_count() const { return variable_count_; }
  /// The constrained draws of the most recent append. [C x n]
  const Eigen::MatrixXd& constrained() const { return constrained_; }

 private:
  void constrain(Draws z);

  Density& density_;
  Index variable_count_ = 0;
  DrawStream* posterior_ = nullptr;
  DrawStream* unconstrained_ = nullptr;
  DrawStream* statistics_ = nullptr;
  Eigen::MatrixXd constrained_;
};

/// The elements of all variables.
Index variable_count(const std::vector<Variable>& variables);

/// Begins the names of a model's blocks in the group vi_parameters.
inline constexpr const char* model_prefix = "model.";

/// A model's own parameters theta; null where it has none.
Parameters* trainable_parameters(Model& model);

/// Writes trained parameters into the group vi_parameters.
/// @param prefix  of their blocks' names
void write_parameters(const Parameters& parameters, const std::string& prefix, CellWriter& writer);

/// Writes weighted particles as one chain of draws with their log weights.
/// @param prefix  of the groups, as in DrawGroups
void write_particles(const Particles& particles, Density& density, const std::string& prefix,
                     CellWriter& writer);

/// Writes the model's data and the labels of its dimensions.
void write_data(const Model& model, CellWriter& writer);

}  // namespace elbow
