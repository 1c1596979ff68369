#include <boost/random/sobol.hpp>
#include <elbow/error.hpp>
#include <elbow/noise_source.hpp>

#include "normal_quantile.hpp"

namespace elbow {

Option NoiseSource::option() {
  return choice("noise", {"independent", "antithetic", "sobol"},
                "how the draws of a step hang together: not at all; in pairs of opposite noise; as "
                "randomly shifted Sobol points, powers of two being best");
}

NoiseSource::NoiseSource(const Options& options, const NoiseShape& shape, Index draws, Index groups)
    : shape_(shape) {
  const std::string& name = options.text("noise");
  kind_ = name == "antithetic" ? Kind::antithetic
          : name == "sobol"    ? Kind::sobol
                               : Kind::independent;
  if (kind_ == Kind::antithetic) group_size_ = 2;
  if (kind_ == Kind::sobol) group_size_ = (draws + groups - 1) / groups;
  if ((draws + group_size_ - 1) / group_size_ < groups)
    throw OptionError("a baseline needs draws that do not depend on each other, which noise \"" +
                      name + "\" does not have among so few: draws must be at least " +
                      std::to_string((groups - 1) * group_size_ + 1) + ", got " +
                      std::to_string(draws));
  if (kind_ != Kind::sobol) return;
  constexpr Index dimensions = boost::random::default_sobol_table::max_dimension;
  if (shape.rows() > dimensions)
    throw OptionError("noise \"sobol\" has at most " + std::to_string(dimensions) +
                      " dimensions, and the family draws from " + std::to_string(shape.rows()) +
                      " random numbers");
  // The engine leaves out the origin, without which 2^m points are no net (Owen 2022).
  boost::random::sobol engine(std::size_t(shape.rows()));
  points_.setZero(shape.rows(), group_size_);
  for (Index s = 1; s < group_size_; ++s)
    for (Index i = 0; i < shape.rows(); ++i) points_(i, s) = engine();
}

void NoiseSource::fill(RandomStream& stream, DrawsOut noise) {
  const Index draws = noise.cols();
  if (kind_ == Kind::independent) {
    fill_noise(shape_, stream, noise);
  } else if (kind_ == Kind::antithetic) {
    const Index pairs = (draws + 1) / 2;
    fill_noise(shape_, stream, noise.leftCols(pairs));
    for (Index s = draws - 1; s >= 0; --s) {
      noise.col(s) = noise.col(s / 2);
      if (s % 2 == 0) continue;
      noise.col(s).head(shape_.normals) *= -1;
      noise.col(s).tail(shape_.uniforms) = 1 - noise.col(s).tail(shape_.uniforms).array();
    }
  } else {
    for (Index first = 0; first < draws; first += group_size_)
      for (Index i = 0; i < shape_.rows(); ++i) {
        const std::uint64_t shift = stream.bits();
        for (Index s = first; s < std::min(draws, first + group_size_); ++s)
          noise(i, s) = (double((points_(i, s - first) ^ shift) >> 12) + 0.5) * 0x1p-52;
      }
    for (Index s = 0; s < draws; ++s) normal_quantiles(noise.col(s).data(), shape_.normals);
  }
}

}  // namespace elbow
