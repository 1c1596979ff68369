#include "cell/sample.hpp"

#include <cmath>
#include <elbow/math.hpp>

#include "cell/sampling_work.hpp"

namespace elbow {
namespace {

/// Finds a point of finite density for every chain.
/// @return the number of the chain that has none after all tries, or -1
Index find_start(const Ingredients& cell, SamplingTarget& target, ChainStates& states) {
  const RandomStream stream = cell.stream("start");
  Density& density = *target.model().density();
  for (Index chain = 0; chain < states.place.cols(); ++chain) {
    RandomStream own = stream.substream(std::uint64_t(chain));
    auto log_density = states.log_density.segment(chain, 1);
    log_density[0] = not_a_number;
    for (Index attempt = 0; attempt < cell.settings.initial_tries; ++attempt) {
      target.draw_start(own, states.place.col(chain));
      density.log_density(states.place.col(chain), log_density);
      if (std::isfinite(log_density[0])) break;
    }
    if (!std::isfinite(log_density[0])) return chain;
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
  if (const Index chain = find_start(cell, moved, states); chain >= 0) {
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
