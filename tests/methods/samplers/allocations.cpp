#include "support/allocation_counter.hpp"
#include "support/gaussian_target.hpp"
#include "support/plugin_under_test.hpp"

using namespace elbow;
using namespace elbow::test;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// Allocations of the transitions from `first` to 300, of which 200 are warm-up.
std::size_t allocations_from(Index first, const std::string& name, const OptionMap& options) {
  constexpr Index chains = 4, d = 10, warmup = 200;
  GaussianTarget target(VectorXd::Ones(d), MatrixXd::Identity(d, d));
  const auto moves = sampler(name, target, chains, warmup, 100, options);
  MatrixXd z = MatrixXd::Zero(d, chains);
  MatrixXd statistics(Index(moves->statistics().size()), chains);
  VectorXd log_density(chains), log_weights(chains);
  target.log_density(z, log_density);
  std::vector<RandomStream> streams(chains, stream(1));
  std::size_t before = 0;
  for (Index i = 0; i < warmup + 100; ++i) {
    if (i == first) before = allocations();
    for (std::size_t c = 0; c < chains; ++c)
      streams[c] = stream(1).substream(c).substream(std::uint64_t(i));
    Transition transition{i, i < warmup, streams, z, log_density, statistics, log_weights, 0};
    moves->transition(transition);
  }
  return allocations() - before;
}

}  // namespace

TEST_CASE("A sampler's transitions do not allocate, in warm-up or after it") {
  const auto [name, options] = GENERATE(
      table<std::string, OptionMap>({{"hmc", {}},
                                     {"nuts", {}},
                                     {"nuts", {{"adaptation", std::string("fisher")}}},
                                     {"affine_invariant", {}},
                                     {"affine_invariant", {{"move", std::string("mixed")}}},
                                     {"barker", {}},
                                     {"elliptical_slice", {}},
                                     {"mala", {}},
                                     {"parallel_tempering", {}},
                                     {"sgld", {}},
                                     {"slice", {}},
                                     {"random_walk_metropolis", {}}}));
  REQUIRE(allocations_from(1, name, options) == 0);
}

TEST_CASE("Metrics that follow correlations allocate only where a window of the warm-up closes") {
  const std::string metric = GENERATE("dense", "low_rank");
  const std::string adaptation = GENERATE("variance", "fisher");
  REQUIRE(allocations_from(200, "nuts", {{"metric", metric}, {"adaptation", adaptation}}) == 0);
}
