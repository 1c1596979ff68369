#include "cell/gradient_noise.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <elbow/math.hpp>

#include "plugins/guarded_child.hpp"

namespace elbow {
namespace {

constexpr Index most_blocks = 10;

/// Sums over gradient estimates that their variance and signal are made of.
struct GradientSums {
  double count, squares;
  Eigen::VectorXd sum;

  explicit GradientSums(Index size) : count(0), squares(0), sum(Eigen::VectorXd::Zero(size)) {}
  void add(const GradientSums& other, double sign) {
    count += sign * other.count;
    squares += sign * other.squares;
    sum += sign * other.sum;
  }
  double variance() const {
    const double spread = squares - sum.squaredNorm() / count;
    return spread < 0 ? 0 : spread / (count - 1);  // negative by rounding
  }
  double signal_to_noise() const {
    const double noise = variance();
    return std::sqrt(std::fmax(0.0, sum.squaredNorm() / (count * count) - noise / count) / noise);
  }
};

/// One gradient estimate as one vector, added to the sums.
void add_gradient(const std::vector<Gradient>& gradients, GradientSums& sums) {
  Index at = 0;
  for (const Gradient& gradient : gradients) {
    sums.sum.segment(at, gradient.f64().size()) += gradient.f64();
    at += gradient.f64().size();
    sums.sum.segment(at, gradient.f32().size()) += gradient.f32().cast<double>();
    at += gradient.f32().size();
    sums.squares += gradient.squared_norm();
  }
  sums.count += 1;
}

/// Value over all blocks, with the jackknife's standard error.
template <class Statistic>
Estimate jackknife(const std::vector<GradientSums>& blocks, Statistic statistic) {
  GradientSums all = blocks[0];
  for (std::size_t b = 1; b < blocks.size(); ++b) all.add(blocks[b], 1);
  const double count = double(blocks.size());
  Eigen::VectorXd without(Index(blocks.size()));
  if (all.count <= 2) return {statistic(all), not_a_number};
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    GradientSums rest = all;
    rest.add(blocks[b], -1);
    without[Index(b)] = statistic(rest);
  }
  const double spread = (without.array() - without.mean()).square().sum();
  return {statistic(all), std::sqrt((count - 1) / count * spread)};
}

}  // namespace

std::optional<GradientNoise> gradient_noise(Ingredients& cell, const Fit& fit, RandomStream stream,
                                            Index estimates) {
  GradientEstimator* estimator = cell.estimator->gradient_estimator();
  if (!estimator || estimates < 2 || cell.settings.batch_size > 0) return {};
  std::vector<Gradient> gradients;
  std::vector<GradientOut> outs;
  Index size = 0;
  gradients.reserve(estimator->trained().size());
  for (const Parameters* parameters : estimator->trained()) {
    gradients.emplace_back(*parameters);
    size += parameters->size();
  }
  for (Gradient& gradient : gradients) outs.push_back(gradient.out());

  const Counts counts = cell.counted->counts();
  const Index blocks = std::min(most_blocks, estimates);
  std::vector<GradientSums> sums(static_cast<std::size_t>(blocks), GradientSums(size));
  Eigen::VectorXd trace(Index(estimator->own_fields().size()));
  Fit measured{*cell.model, fit.family, fit.optimizer, fit.iteration, stream, {}};
  for (Index r = 0; r < estimates; ++r) {
    for (Gradient& gradient : gradients) gradient.set_zero();
    measured.stream = stream.substream(std::uint64_t(r));
    estimator->value_and_gradient(measured, outs, trace);
    add_gradient(gradients, sums[std::size_t(r * blocks / estimates)]);
  }
  cell.counted->restore(counts);
  return GradientNoise{jackknife(sums, [](const GradientSums& s) { return s.variance(); }),
                       jackknife(sums, [](const GradientSums& s) { return s.signal_to_noise(); })};
}

std::optional<GradientNoise> gradient_noise_aside(Ingredients& cell, const Fit& fit,
                                                  RandomStream stream, Index estimates) {
  if (!cell.estimator->gradient_estimator() || estimates < 2 || cell.settings.batch_size > 0)
    return {};
  GuardedChild child([&](const ChildSide& host) {
    const auto noise = gradient_noise(cell, fit, stream, estimates);
    if (noise) host.send(0, {reinterpret_cast<const char*>(&*noise), sizeof *noise});
  });
  const auto message = child.next(std::chrono::hours(24));
  GradientNoise noise;
  if (!message || message->bytes.size() != sizeof noise) return {};
  std::memcpy(&noise, message->bytes.data(), sizeof noise);
  return noise;
}

}  // namespace elbow
