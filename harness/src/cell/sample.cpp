#include "cell/sample.hpp"

#include <cmath>
#include <elbow/math.hpp>

#include "cell/sampling_work.hpp"

namespace elbow {
namespace {

/// Finds a point of finite density for every chain: the highest one of some candidates.
/// @param candidates  points of finite density to choose from, where the tries give as many
/// @return the number of the chain that has none after all tries, or -1
Index find_start(const Ingredients& cell, SamplingTarget& target, Index candidates,
                 ChainStates& states) {
  const RandomStream stream = cell.stream("start");
  Density& density = *target.model().density();
  Eigen::VectorXd place(states.place.rows()), log_density(1);
  for (Index chain = 0; chain < states.place.cols(); ++chain) {
    RandomStream own = stream.substream(std::uint64_t(chain));
    Index found = 0;
    for (Index attempt = 0; attempt < cell.settings.initial_tries && found < candidates;
         ++attempt) {
      target.draw_start(own, place);
      density.log_density(place, log_density);
      if (!std::isfinite(log_density[0])) continue;
      if (found++ > 0 && log_density[0] <= states.log_density[chain]) continue;
      states.place.col(chain) = place;
      states.log_density[chain] = log_density[0];
    }
    if (found == 0) return chain;
  }
  return -1;
}

}  // namespace

void set_streams(const Ingredients& cell, Index first, Index iteration,
                 std::vector<RandomStream>& streams) {
  const RandomStream base = cell.stream("sampler");
  for (std::size_t c = 0; c < streams.size(); ++c)
    streams[c] = base.substream(std::uint64_t(first) + c).substream(std::uint64_t(iteration));
}

SampleResult run_sampler(Ingredients& cell, Model& target, FittedApproximation fitted,
                         CellWriter& writer, MethodClock& clock, StopSignal& stop,
                         const Processors& processors) {
  const MethodSettings& settings = cell.settings;
  SamplingTarget moved(cell, target, fitted);
  const RandomStream base = cell.stream("sampler start");
  ChainStates states{Eigen::MatrixXd(target.density()->dimension(), settings.chains),
                     Eigen::VectorXd(settings.chains),
                     {}};
  for (Index c = 0; c < settings.chains; ++c)
    states.streams.push_back(base.substream(std::uint64_t(c)));

  SampleResult result;
  // Draws of a fit, and the particles of a population, are a sample that choosing would spoil.
  const Index candidates = fitted || cell.population() ? 1 : settings.initial_candidates;
  if (const Index chain = find_start(cell, moved, candidates, states); chain >= 0) {
    result.outcome = {Ending::non_finite, "no starting point of finite log density for chain " +
                                              std::to_string(chain) + " in " +
                                              std::to_string(settings.initial_tries) + " tries " +
                                              moved.start_text()};
    return result;
  }
  SamplingWork work{cell, target, moved, writer, clock, stop, processors, result.metrics};
  result.outcome = cell.population() ? run_population(work, states) : run_chains(work, states);
  return result;
}

}  // namespace elbow
