#include "cell/estimate_in_place.hpp"

namespace elbow {

EstimateInPlace::EstimateInPlace(std::span<Parameters* const> trained, const Optimizer* optimizer)
    : trained_(trained) {
  if (!optimizer) return;
  for (std::size_t i = 0; i < trained.size(); ++i) {
    iterates_.push_back({trained[i]->f64(), trained[i]->f32()});
    optimizer->estimate(Index(i), trained[i]->f64(), trained[i]->f32());
  }
}

void EstimateInPlace::restore() {
  for (std::size_t i = 0; i < iterates_.size(); ++i) {
    trained_[i]->f64() = iterates_[i].f64;
    trained_[i]->f32() = iterates_[i].f32;
  }
}

}  // namespace elbow
