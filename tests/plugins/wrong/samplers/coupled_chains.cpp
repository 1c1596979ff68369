#include "random_walk.hpp"

namespace {

using namespace elbow;

/// Every chain is accepted or refused by the first chain's numbers.
class CoupledChains final : public wrong::RandomWalk {
 public:
  using RandomWalk::RandomWalk;

 protected:
  RandomStream& stream_of(Transition& at, Index) const override { return at.streams[0]; }
};

}  // namespace

ELBOW_PLUGIN(CoupledChains, wrong::no_options,
             {.name = "coupled_chains",
              .summary = "chains that share random numbers",
              .needs_of_model = Ability::density})
