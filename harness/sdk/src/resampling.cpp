#include <cmath>
#include <elbow/resampling.hpp>

namespace elbow {

Option Resampling::option() {
  return choice("resampling", {"systematic", "stratified", "residual", "multinomial"},
                "how ancestors are drawn in proportion to the weights");
}

void Resampling::draw(Vector weights, RandomStream& stream, std::span<Index> ancestors) {
  const Index particles = weights.size();
  // Sized for the most particles so far: islands differ by one.
  if (left_.size() < particles) {
    left_.resize(particles);
    points_.resize(particles);
  }
  auto left = left_.head(particles);
  left = weights;
  Index settled = 0;
  if (scheme_ == "residual") {
    for (Index i = 0; i < particles; ++i) {
      const double whole = std::floor(left[i] * double(particles));
      left[i] -= whole / double(particles);
      for (Index k = 0; k < Index(whole) && settled < particles; ++k)
        ancestors[std::size_t(settled++)] = i;
    }
    left = left.cwiseMax(0);
  }
  const Index rest = particles - settled;
  if (rest == 0) return;
  draw_points(stream, rest);
  // Summed in the order of the walk below, which so ends on a particle that has weight.
  double total = 0;
  for (const double weight : left) total += weight;
  double below = left[0];
  Index i = 0;
  for (Index k = 0; k < rest; ++k) {
    while (points_[k] * total > below && i + 1 < particles) below += left[++i];
    ancestors[std::size_t(settled + k)] = i;
  }
}

void Resampling::draw_points(RandomStream& stream, Index count) {
  const double n = double(count);
  if (scheme_ == "systematic") {
    const double shift = stream.uniform();
    for (Index k = 0; k < count; ++k) points_[k] = (double(k) + shift) / n;
  } else if (scheme_ == "stratified") {
    for (Index k = 0; k < count; ++k) points_[k] = (double(k) + stream.uniform()) / n;
  } else {
    // Sums of exponentials over the next sum are ordered uniforms.
    double sum = 0;
    for (Index k = 0; k < count; ++k) points_[k] = sum += stream.exponential();
    points_.head(count) /= sum + stream.exponential();
  }
}

}  // namespace elbow
