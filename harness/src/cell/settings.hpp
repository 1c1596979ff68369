#pragma once

#include <elbow/types.hpp>
#include <string>

#include "plan/plan.hpp"

namespace elbow {

/// The host's own options of a method as the plan resolved them (declared in config/host_options).
struct MethodSettings {
  Index iterations;            ///< 0: no such budget
  bool no_steps;               ///< a fit is evaluated as it starts: stop = { iterations = 0 }
  double seconds;              ///< 0: no such budget
  Index gradient_evaluations;  ///< 0: no such budget
  double stationary;           ///< nats; 0: no such rule
  double relative_change;      ///< 0: no such rule
  Index batch_size;            ///< 0: all items in every step
  Index draws, chains, warmup, thin;
  double initial_radius;
  Index initial_tries, initial_candidates;
  bool save_warmup;
  std::string fit;  ///< what the fit is to the sampler; empty where not both are there

  explicit MethodSettings(const Json& settings);
  bool stops_when_stationary() const { return stationary > 0 || relative_change > 0; }
};

/// The options of [evaluation].
struct EvaluationSettings {
  Index draws;             ///< fresh draws of the final evaluation
  Index checkpoint_draws;  ///< fresh draws at a checkpoint
  bool checkpoints;
  Index calibration_draws;          ///< L; 0: no calibration
  Index gradient_draws;             ///< gradients measured for their variance at the end; 0: none
  Index checkpoint_gradient_draws;  ///< the same at a checkpoint
  Index kernel_draws;               ///< draws for kernel discrepancies; 0: none
  Index checkpoint_items;           ///< items of a split at a checkpoint; 0: none
  Index item_draws;                 ///< of each item at the end
  Index mutual_information_items;   ///< below 2: not measured
  Index log_likelihood_draws;       ///< of each test item at the end; 0: none
  Index log_likelihood_items;       ///< 0: all
  Index stored_items;               ///< with reconstructions; 0: none
  bool c2st;                        ///< whether to train the classifier two-sample test
  Index c2st_draws;                 ///< of each sample

  explicit EvaluationSettings(const Json& settings);
};

}  // namespace elbow
