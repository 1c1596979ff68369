#include "normal_quantile.hpp"

#include <algorithm>
#include <elbow/math.hpp>
#include <limits>

namespace elbow {
namespace {

constexpr int width = 8;
using Lanes = Eigen::Array<double, width, 1>;

/// Quotient of two polynomials of degree 7; the denominator's constant term is 1.
Lanes rational(const Lanes& x, const double (&numerator)[8], const double (&denominator)[7]) {
  Lanes top = Lanes::Constant(numerator[7]);
  Lanes bottom = Lanes::Constant(denominator[6]);
  for (int i = 6; i >= 0; --i) top = top * x + numerator[i];
  for (int i = 5; i >= 0; --i) bottom = bottom * x + denominator[i];
  return top / (bottom * x + 1.0);
}

// The three regions of Wichura (1988), Algorithm AS 241, routine PPND16.
constexpr double central_edge = 0.425;

Lanes central(const Lanes& q) {
  static constexpr double a[8] = {3.3871328727963666080e0,  1.3314166789178437745e+2,
                                  1.9715909503065514427e+3, 1.3731693765509461125e+4,
                                  4.5921953931549871457e+4, 6.7265770927008700853e+4,
                                  3.3430575583588128105e+4, 2.5090809287301226727e+3};
  static constexpr double b[7] = {4.2313330701600911252e+1, 6.8718700749205790830e+2,
                                  5.3941960214247511077e+3, 2.1213794301586595867e+4,
                                  3.9307895800092710610e+4, 2.8729085735721942674e+4,
                                  5.2264952788528545610e+3};
  return q * rational(central_edge * central_edge - q * q, a, b);
}

/// The magnitude of the quantile whose smaller tail probability is `p`.
Lanes tail(const Lanes& p) {
  static constexpr double c[8] = {1.42343711074968357734e0,  4.63033784615654529590e0,
                                  5.76949722146069140550e0,  3.64784832476320460504e0,
                                  1.27045825245236838258e0,  2.41780725177450611770e-1,
                                  2.27238449892691845833e-2, 7.74545014278341407640e-4};
  static constexpr double d[7] = {2.05319162663775882187e0,  1.67638483018380384940e0,
                                  6.89767334985100004550e-1, 1.48103976427480074590e-1,
                                  1.51986665636164571966e-2, 5.47593808499534494600e-4,
                                  1.05075007164441684324e-9};
  static constexpr double e[8] = {6.65790464350110377720e0,  5.46378491116411436990e0,
                                  1.78482653991729133580e0,  2.96560571828504891230e-1,
                                  2.65321895265761230930e-2, 1.24266094738807843860e-3,
                                  2.71155556874348757815e-5, 2.01033439929228813265e-7};
  static constexpr double f[7] = {5.99832206555887937690e-1, 1.36929880922735805310e-1,
                                  1.48753612908506148525e-2, 7.86869131145613259100e-4,
                                  1.84631831751005468180e-5, 1.42151175831644588870e-7,
                                  2.04426310338993978564e-15};
  const Lanes r = (-p.log()).sqrt();
  const Lanes near = rational(r - 1.6, c, d);
  if (r.maxCoeff() <= 5) return near;
  return (r <= 5).select(near, rational(r - 5.0, e, f));
}

/// Works on `chunk` numbers at most: the central formula everywhere, then the tail formula for
/// those few that need it, gathered so that whole vectors of them are worked on.
constexpr int chunk = 256;

void quantiles_of_chunk(double* values, int n) {
  alignas(64) double p[chunk];
  std::copy_n(values, n, p);
  std::fill(p + n, p + chunk, 0.5);
  const int padded = (n + width - 1) / width * width;

  alignas(64) double result[chunk];
  for (int start = 0; start < padded; start += width)
    Eigen::Map<Lanes, Eigen::Aligned64>(result + start) =
        central(Eigen::Map<const Lanes, Eigen::Aligned64>(p + start) - 0.5);

  int place[chunk + width];
  int tails = 0;
  for (int i = 0; i < n; ++i) {
    place[tails] = i;
    tails += std::abs(p[i] - 0.5) > central_edge;
  }
  for (int start = 0; start < tails; start += width) {
    const int count = std::min(width, tails - start);
    Lanes smaller = Lanes::Constant(0.01);
    for (int i = 0; i < count; ++i)
      smaller[i] = std::min(p[place[start + i]], 1 - p[place[start + i]]);
    const Lanes magnitude = tail(smaller);
    for (int i = 0; i < count; ++i)
      result[place[start + i]] = std::copysign(magnitude[i], p[place[start + i]] - 0.5);
  }
  std::copy_n(result, n, values);
}

}  // namespace

void normal_quantiles(double* values, Eigen::Index n) {
  for (Eigen::Index start = 0; start < n; start += chunk)
    quantiles_of_chunk(values + start, int(std::min<Eigen::Index>(chunk, n - start)));
}

double inverse_normal_cdf(double p) {
  if (!(p >= 0 && p <= 1)) return std::numeric_limits<double>::quiet_NaN();
  if (p == 0 || p == 1) return p == 0 ? -INFINITY : INFINITY;
  normal_quantiles(&p, 1);
  return p;
}

}  // namespace elbow
