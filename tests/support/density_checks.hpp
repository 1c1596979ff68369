#pragma once

#include "support/allocation_counter.hpp"
#include "support/plugin_under_test.hpp"

/// What every log density must satisfy, whatever it is a density of.
namespace elbow::test {

inline double log_density_at(Density& density, const Eigen::VectorXd& z) {
  Eigen::VectorXd log_p(1);
  density.log_density(z, log_p);
  return log_p[0];
}

struct ValueAndGradient {
  Eigen::VectorXd log_p;
  Eigen::MatrixXd gradient;
};
inline ValueAndGradient value_and_gradient(Density& density, const Eigen::MatrixXd& z) {
  ValueAndGradient out{Eigen::VectorXd(z.cols()), Eigen::MatrixXd(z.rows(), z.cols())};
  density.log_density_gradient(z, out.log_p, out.gradient);
  return out;
}

inline Eigen::MatrixXd normal_points(const Density& density, Index count, std::uint64_t seed,
                                     double scale = 1) {
  Eigen::MatrixXd z(density.dimension(), count);
  stream(seed).fill_normal(z);
  return scale * z;
}

/// The gradient is that of the value, by central differences of order 4.
inline void check_gradient(Density& density, const Eigen::MatrixXd& z, double tolerance = 1e-7) {
  const ValueAndGradient at = value_and_gradient(density, z);
  for (Index s = 0; s < z.cols(); ++s) {
    CHECK(at.log_p[s] == Approx(log_density_at(density, z.col(s))).epsilon(1e-12));
    for (Index d = 0; d < z.rows(); ++d) {
      const double h = 1e-3 * std::max(1.0, std::abs(z(d, s)));
      const auto moved = [&](double by) {
        Eigen::VectorXd point = z.col(s);
        point[d] += by;
        return log_density_at(density, point);
      };
      const double difference =
          (8 * (moved(h) - moved(-h)) - (moved(2 * h) - moved(-2 * h))) / (12 * h);
      CAPTURE(d, s, z(d, s), at.gradient(d, s), difference);
      CHECK(std::abs(at.gradient(d, s) - difference) <=
            tolerance * std::max({1.0, std::abs(difference), std::abs(at.log_p[s])}));
    }
  }
}

/// A block of S columns gives what S blocks of one column give.
inline void check_columns_are_independent(Density& density, const Eigen::MatrixXd& z,
                                          double tolerance = 1e-12) {
  const ValueAndGradient block = value_and_gradient(density, z);
  for (Index s = 0; s < z.cols(); ++s) {
    const ValueAndGradient one = value_and_gradient(density, z.col(s));
    CHECK(one.log_p[0] == Approx(block.log_p[s]).epsilon(tolerance));
    CHECK((one.gradient.col(0) - block.gradient.col(s)).cwiseAbs().maxCoeff() <=
          tolerance * (1 + block.gradient.col(s).cwiseAbs().maxCoeff()));
  }
}

/// Points so far out that the arithmetic overflows have a value, -inf or finite, and no NaN.
inline void check_extremes_are_not_nan(Density& density) {
  for (const double far : {1e4, 1e200, double(INFINITY)}) {
    for (Index d = 0; d < density.dimension(); ++d) {
      for (const double sign : {-1.0, 1.0}) {
        Eigen::MatrixXd z = Eigen::MatrixXd::Constant(density.dimension(), 1, 0.5);
        z(d, 0) = sign * far;
        CAPTURE(d, z(d, 0));
        const ValueAndGradient at = value_and_gradient(density, z);
        CHECK_FALSE(std::isnan(at.log_p[0]));
        CHECK(at.log_p[0] < INFINITY);
        if (std::isinf(at.log_p[0])) CHECK(at.gradient.isZero(0));
      }
    }
  }
}

/// Once a block of this size has been seen, further calls ask for no memory.
inline void check_no_allocation(Density& density, Index draws) {
  const Eigen::MatrixXd z = normal_points(density, draws, 7, 0.3);
  ValueAndGradient out = value_and_gradient(density, z);
#ifndef __SANITIZE_ADDRESS__
  const std::size_t earlier = allocations();
  REQUIRE(density.variables().size() > 0);
  REQUIRE(allocations() > earlier);  // a plugin's requests are counted
#endif
  const std::size_t before = allocations();
  density.log_density_gradient(z, out.log_p, out.gradient);
  density.log_density(z, out.log_p);
  CHECK(allocations() == before);
}

/// The exact sampler's means and standard deviations agree with the declared moments within five
/// standard errors. Variables without a variance are left to the caller.
inline void check_sampler_against_moments(Model& model, Index draws, std::uint64_t seed = 5) {
  const Reference& reference = *model.reference();
  const Reference::Moments moments = reference.moments().value();
  Eigen::MatrixXd z(model.density()->dimension(), draws);
  RandomStream numbers = stream(seed);
  reference.sample(numbers, z);
  Eigen::MatrixXd x(moments.mean.size(), draws);
  model.density()->constrain(z, x);
  for (Index c = 0; c < x.rows(); ++c) {
    if (!std::isfinite(moments.sd[c])) continue;
    const Eigen::ArrayXd standardised = (x.row(c).array() - moments.mean[c]) / moments.sd[c];
    const double n = double(draws);
    const double fourth = standardised.square().square().mean();
    CAPTURE(c, moments.mean[c], moments.sd[c]);
    CHECK(std::abs(standardised.mean()) <= 5 / std::sqrt(n));
    CHECK(std::abs(standardised.square().mean() - 1) <= 5 * std::sqrt(fourth / n));
  }
}

}  // namespace elbow::test
