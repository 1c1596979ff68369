#pragma once

#include <elbow/sampler.hpp>
#include <vector>

#include "cell/clock.hpp"
#include "cell/ingredients.hpp"
#include "cell/processors.hpp"
#include "cell/sampling_target.hpp"
#include "cell/stop_signal.hpp"
#include "record/cell_writer.hpp"

namespace elbow {

/// What sampling needs of its cell, in whatever way it goes on.
struct SamplingWork {
  Ingredients& cell;
  Model& target;          ///< the counted model, or a surrogate: what draws are stored of
  SamplingTarget& moved;  ///< what the sampler works on
  CellWriter& writer;
  MethodClock& clock;
  StopSignal& stop;
  const Processors& processors;
  std::vector<Metric>& metrics;
};

/// States of chains or particles, in the sampler's coordinates.
struct ChainStates {
  Eigen::MatrixXd place;        ///< [D x chains]
  Eigen::VectorXd log_density;  ///< [chains]
  std::vector<RandomStream> streams;
};

/// Runs the method's chains from their starts and streams their draws to the file: each chain alone
/// with a sampler of its own, in as many processes as there are processors to be had. What is
/// stored does not depend on their number. Measures R-hat, effective sample sizes, errors of
/// moments against a Reference and the sampler's statistics.
Outcome run_chains(SamplingWork& work, ChainStates& states);

/// Runs the method's population from its start, and stores its particles and log evidence.
Outcome run_population(SamplingWork& work, ChainStates& states);

/// The streams of a transition. @pre `streams` has one element per chain from `first` on
void set_streams(const Ingredients& cell, Index first, Index iteration,
                 std::vector<RandomStream>& streams);

}  // namespace elbow
