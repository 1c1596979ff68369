#include "cell/sampling_target.hpp"

#include <algorithm>
#include <cmath>
#include <elbow/math.hpp>

#include "data/short_number.hpp"

namespace elbow {
namespace {

struct FirstMoments {
  Eigen::VectorXd mean;        ///< [D]
  Eigen::MatrixXd covariance;  ///< [D x D]
};

FirstMoments weighted_covariance(Draws z, Vector weights) {
  FirstMoments moments;
  moments.mean = z * weights;
  const Eigen::MatrixXd centred = z.colwise() - moments.mean;
  moments.covariance = centred * weights.asDiagonal() * centred.transpose();
  return moments;
}

/// [S] add up to 1
Eigen::VectorXd weights_of(const Particles& particles) {
  const Index count = particles.z.cols();
  if (particles.log_weights.size() == 0) return Eigen::VectorXd::Constant(count, 1 / double(count));
  const double total = log_sum_exp(particles.log_weights);
  return particles.log_weights.unaryExpr([&](double w) { return std::exp(w - total); });
}

FirstMoments moments_of(Family& family, RandomStream stream) {
  const Index dimension = family.dimension();
  FirstMoments moments{Eigen::VectorXd(dimension), Eigen::MatrixXd(dimension, dimension)};
  if (GaussianForm* form = family.gaussian_form()) {
    form->moments(moments.mean, moments.covariance);
    return moments;
  }
  const Index draws = std::max<Index>(1000, 20 * dimension);
  Eigen::MatrixXd noise(family.noise().rows(), draws), z(dimension, draws);
  fill_noise(family.noise(), stream, noise);
  family.sample(noise, z, unwanted_vector());
  return weighted_covariance(z, Eigen::VectorXd::Constant(draws, 1 / double(draws)));
}

}  // namespace

SamplingTarget::SamplingTarget(const Ingredients& cell, Model& target, FittedApproximation fitted)
    : cell_(cell), target_(target), fitted_(fitted) {
  if (!fitted_) return;
  if (cell.settings.fit == "metric") use_metric();
  if (cell.settings.fit == "transport") use_transport();
  if (cell.population() && !moved_ && !fitted_.family)
    throw Unsupported(
        "the fit ended with weighted draws, which are no base to go from; fit = \"metric\" works "
        "with them");
}

void SamplingTarget::use_metric() {
  FirstMoments moments =
      fitted_.family ? moments_of(*fitted_.family, cell_.stream("fit metric"))
                     : weighted_covariance(fitted_.particles->z, weights_of(*fitted_.particles));
  affine_.emplace(std::move(moments.mean), moments.covariance);
  moved_ = std::make_unique<TransportedModel>(target_, *affine_);
}

void SamplingTarget::use_transport() {
  Transport* map = fitted_.family ? fitted_.family->transport_map() : nullptr;
  if (map)
    moved_ = std::make_unique<TransportedModel>(target_, *map);
  else if (fitted_.family && fitted_.family->gaussian_form())
    use_metric();
  else
    throw Unsupported(
        "fit = \"transport\" needs an approximation that is an invertible map of standard normal "
        "numbers, which this fit did not end with; fit = \"metric\" works with any");
}

void SamplingTarget::draw_fit(RandomStream& stream, VectorOut z) const {
  if (fitted_.family) {
    Eigen::MatrixXd noise(fitted_.family->noise().rows(), 1);
    fill_noise(fitted_.family->noise(), stream, noise);
    fitted_.family->sample(noise, z, unwanted_vector());
    return;
  }
  const Eigen::VectorXd weights = weights_of(*fitted_.particles);
  double left = stream.uniform();
  Index chosen = 0;
  while (chosen + 1 < weights.size() && left >= weights[chosen]) left -= weights[chosen++];
  z = fitted_.particles->z.col(chosen);
}

void SamplingTarget::draw_start(RandomStream& stream, VectorOut place) const {
  if (!fitted_) {
    stream.fill_uniform(place);
    place = (2 * place.array() - 1) * cell_.settings.initial_radius;
  } else if (affine_) {
    Eigen::VectorXd z(place.size());
    draw_fit(stream, z);
    affine_->inverse(z, place);
  } else if (moved_) {
    stream.fill_normal(place);
  } else {
    draw_fit(stream, place);
  }
}

std::string SamplingTarget::start_text() const {
  return fitted_ ? "from the fit"
                 : "within a radius of " + short_number(cell_.settings.initial_radius);
}

void SamplingTarget::to_target(Draws place, Vector log_density, DrawsOut z, VectorOut log_p) const {
  if (moved_) return moved_->to_target(place, log_density, z, log_p);
  z = place;
  log_p = log_density;
}

}  // namespace elbow
