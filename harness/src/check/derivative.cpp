#include "check/derivative.hpp"

#include <cmath>
#include <elbow/random.hpp>

namespace elbow::check {
namespace {

/// One coordinate or one direction of a block.
struct Probe {
  Eigen::VectorXd direction;
  std::string name;
};

std::vector<Probe> probes(const BlockInfo& block, Index most, RandomStream& stream) {
  const Index n = block.rows * block.cols;
  std::vector<Probe> all;
  const Index step = std::max<Index>(1, (n + most - 1) / most);
  for (Index i = 0; i < n; i += step)
    all.push_back({Eigen::VectorXd::Unit(n, i), say("coordinate ", i)});
  Eigen::MatrixXd direction(n, 1);
  stream.fill_normal(direction);
  if (n > 1) all.push_back({direction.col(0).normalized(), "a random direction"});
  return all;
}

template <class Array>
Derivative along(Array numbers, const Eigen::VectorXd& direction, Scalar scalar,
                 const std::function<double()>& value) {
  const Array kept = numbers;
  using T = typename Array::Scalar;
  const Eigen::Matrix<T, Eigen::Dynamic, 1> start = kept;
  const auto values = [&](const Eigen::VectorXd& steps) {
    Eigen::VectorXd result(steps.size());
    for (Index i = 0; i < steps.size(); ++i) {
      numbers = (start.template cast<double>() + steps[i] * direction).template cast<T>();
      result[i] = value();
    }
    numbers = start;
    return result;
  };
  // Smaller steps of single-precision numbers would not change them.
  return scalar == Scalar::f64 ? derivative(values, 0.0625, 14) : derivative(values, 0.125, 9);
}

/// Does `work` with the numbers moved by t along a direction, and puts them back.
template <class Array, class Work>
auto moved(Array numbers, const Eigen::VectorXd& direction, double t, Work&& work) {
  using T = typename Array::Scalar;
  const Eigen::Matrix<T, Eigen::Dynamic, 1> start = numbers;
  numbers = (start.template cast<double>() + t * direction).template cast<T>();
  const auto result = work();
  numbers = start;
  return result;
}

/// How much a function's values scatter about a smooth curve, from its sixth differences over
/// places that lie close together (More & Wild 2011): rounding in single precision is far above
/// what the size of a value lets one expect. The places are closer than the smallest step, so that
/// kinks between the pieces of a function (splines, ReLU) are no scatter.
/// @param f  [7 or more] values at equal distances
double noise(Eigen::VectorXd f) {
  for (int order = 1; order <= 6; ++order)
    for (Index i = 0; i + order < f.size(); ++i) f[i] = f[i + 1] - f[i];
  // (6!)^2 / 12! brings sixth differences of independent errors to the errors' own size.
  const double variance = f.head(f.size() - 6).squaredNorm() / double(f.size() - 6) / 924;
  return std::isfinite(variance) ? std::sqrt(variance) : 0;
}

}  // namespace

Derivative derivative(const std::function<Eigen::VectorXd(const Eigen::VectorXd&)>& values,
                      double first_step, int steps) {
  // Distances that are no powers of two, and two of them: on a grid that fits the function's own,
  // rounding can be as smooth as the function.
  constexpr Index close = 15;
  constexpr double odd[] = {1.3717, 2.2361};
  Eigen::VectorXd at(2 * steps + 2 * close);
  for (int k = 0; k < steps; ++k) {
    at[2 * k] = std::ldexp(first_step, -k);
    at[2 * k + 1] = -at[2 * k];
  }
  for (Index i = 0; i < 2 * close; ++i)
    at[2 * steps + i] =
        odd[i / close] * std::ldexp(first_step, -steps - 1) * double(i % close - close / 2);
  const Eigen::VectorXd f = values(at);
  const double scatter = std::max(noise(f.segment(2 * steps, close)), noise(f.tail(close)));
  Derivative best{NAN, INFINITY};
  std::vector<double> previous, current;
  for (int k = 0; k < steps; ++k, previous = current) {
    current = {(f[2 * k] - f[2 * k + 1]) / (2 * at[2 * k])};
    // What rounding of f alone does to the quotient.
    const double size = std::max(std::abs(f[2 * k]), std::abs(f[2 * k + 1]));
    const double rounding = std::max(1e-16 * size, 2 * scatter) / at[2 * k];
    double factor = 4;
    for (int order = 1; order <= k; ++order, factor *= 4) {
      current.push_back((factor * current[order - 1] - previous[order - 1]) / (factor - 1));
      const double error = std::max(std::abs(current[order] - current[order - 1]),
                                    std::abs(current[order] - previous[order - 1]));
      // Two quotients of a function in pieces can be the same by chance; three seldom are.
      if (order > 1 && error + rounding < best.error) best = {current[order], error + rounding};
    }
  }
  return best;
}

double mean_disagreement(const ClaimedSlope& function) {
  // A kink adds its jump over twice the number of nodes at most.
  constexpr int nodes = 500;
  constexpr double h = 0.0625;
  double sum = 0;
  for (int i = 0; i < nodes; ++i) sum += function.slope(h * (double(2 * i + 1) / nodes - 1));
  return std::abs((function.value(h) - function.value(-h)) / (2 * h) - sum / nodes);
}

double tolerance(const Derivative& difference, double scale, Scalar scalar) {
  const double floor = scalar == Scalar::f64 ? 1e-7 : 3e-3;
  // Where the differences show no derivative, a wide tolerance must not let everything pass.
  const double shown = std::min(10 * difference.error, 0.05 * scale);
  return shown + floor * std::max(scale, 1e-2);
}

Outcome judge_gradient(Parameters& parameters, const Gradient& claimed,
                       const std::function<double()>& value, Index most,
                       const std::function<void(GradientOut)>& gradient) {
  if (parameters.size() == 0) return not_applicable("there are no parameters");
  RandomStream stream(1, 0, "check directions");
  double worst = -1;
  std::string where;
  Index probed = 0;
  for (const BlockInfo& block : parameters.blocks()) {
    const Index n = block.rows * block.cols;
    const Eigen::VectorXd claimed_here =
        block.scalar == Scalar::f64
            ? Eigen::VectorXd(claimed.f64().segment(block.offset, n))
            : Eigen::VectorXd(claimed.f32().segment(block.offset, n).cast<double>());
    const double scale = n ? claimed_here.cwiseAbs().maxCoeff() : 0;
    for (const Probe& probe : probes(block, most, stream)) {
      const Derivative difference =
          block.scalar == Scalar::f64
              ? along(Eigen::Map<Eigen::VectorXd>(parameters.f64().data() + block.offset, n),
                      probe.direction, block.scalar, value)
              : along(Eigen::Map<Eigen::VectorXf>(parameters.f32().data() + block.offset, n),
                      probe.direction, block.scalar, value);
      const double found = claimed_here.dot(probe.direction);
      const double allowed =
          tolerance(difference, std::max(scale, std::abs(difference.value)), block.scalar);
      const double gap = std::abs(found - difference.value);
      double ratio = std::isnan(gap) ? INFINITY : gap / allowed;
      if (ratio > 1 && gradient) {
        const auto at = [&](double t, const auto& work) {
          if (block.scalar == Scalar::f64)
            return moved(Eigen::Map<Eigen::VectorXd>(parameters.f64().data() + block.offset, n),
                         probe.direction, t, work);
          return moved(Eigen::Map<Eigen::VectorXf>(parameters.f32().data() + block.offset, n),
                       probe.direction, t, work);
        };
        Gradient there(parameters);
        const auto slope = [&] {
          there.set_zero();
          gradient(there.out());
          if (block.scalar == Scalar::f64)
            return there.f64().segment(block.offset, n).dot(probe.direction);
          return there.f32().segment(block.offset, n).cast<double>().dot(probe.direction);
        };
        ratio = mean_disagreement({[&](double t) { return at(t, value); },
                                   [&](double t) { return at(t, slope); }}) /
                tolerance({}, std::max(scale, std::abs(difference.value)), block.scalar);
        if (std::isnan(ratio)) ratio = INFINITY;
      }
      ++probed;
      if (ratio <= worst) continue;
      worst = ratio;
      where = say("worst difference ", gap, " (tolerance ", allowed, ") in block \"", block.name,
                  "\", ", probe.name, ": found ", found, ", differences give ", difference.value);
    }
  }
  return judge(worst <= 1, probed, " derivatives, ", where);
}

}  // namespace elbow::check
