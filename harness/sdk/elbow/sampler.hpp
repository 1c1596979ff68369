#pragma once

#include <elbow/family.hpp>
#include <elbow/model.hpp>
#include <span>
#include <vector>

namespace elbow {

/// What a sampler is made from. All references outlive it.
struct SamplerSetup {
  const Options& options;
  Model& model;    ///< the target; its density() is what is sampled
  Index chains;    ///< columns of the state: independent chains, or particles of one population
  Index warmup;    ///< transitions that may adapt and are marked as warm-up
  Index draws;     ///< transitions after them
  Family* fitted;  ///< the fit that this sampler follows; null without one
  /// What the target offers, as its plugin declares it.
  Ability target_abilities = Ability::density | Ability::gradient;
};

/// One transition's state and surroundings, owned by the host.
struct Transition {
  Index iteration;  ///< from 0, warm-up included
  bool warmup;
  std::span<RandomStream> streams;  ///< one per column, this iteration's own
  DrawsOut z;                       ///< [D x chains]  current state in, next state out
  VectorOut log_density;            ///< [chains]  of z, in and out
  DrawsOut statistics;              ///< [F x chains]  F = statistics().size()
  VectorOut log_weights;  ///< [chains]  population methods: log weight of each particle, out
  double log_evidence_increment;  ///< population methods: nats gained by this transition, out
};

/// Draws from a target: a transition over a block of chains or particles. Chains that share a block
/// are independent unless the descriptor says `population`: a chain's draws are a function of its
/// own streams and start alone, so that chains can be run in any grouping.
class Sampler {
 public:
  virtual ~Sampler() = default;

  /// Numbers reported for every chain and transition, e.g. `acceptance_rate`, `step_size`,
  /// `diverging`. Constant over the sampler's life.
  virtual std::vector<TraceField> statistics() const = 0;

  /// Population methods may replace the start by their own (draws from the prior or from `fitted`).
  /// @param[in,out] z            [D x chains]
  /// @param[in,out] log_density  [chains]  finite
  virtual void start(std::span<RandomStream> streams, DrawsOut z, VectorOut log_density);

  /// @return going, or `converged` when a population has reached its target; after that it is not
  /// called again.
  virtual Progress transition(Transition& transition) = 0;

  /// Draws that one transition of a chain gives. Above 1 every chain is an ensemble of its own,
  /// whose walkers depend on one another; `z` has the first of them. Constant over the sampler's
  /// life.
  virtual Index walkers() const { return 1; }

  /// All walkers of a chain as its latest transition left them; called where there are several.
  /// @param[out] z            [D x walkers()]  the first is the chain's column of the block
  /// @param[out] log_density  [walkers()]
  virtual void ensemble(Index chain, DrawsOut z, VectorOut log_density) const;

  /// Where the path of a chain's latest transition diverged: the first place whose energy error was
  /// above the sampler's bound or not finite. @return [D], or nothing when it did not
  virtual std::span<const double> divergence(Index chain) const;
};

}  // namespace elbow
