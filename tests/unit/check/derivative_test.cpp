#include "check/derivative.hpp"

#include <catch2/catch.hpp>
#include <cmath>

using namespace elbow;
using namespace elbow::check;

namespace {

Derivative of(double (*function)(double), double x) {
  return derivative(
      [&](const Eigen::VectorXd& steps) -> Eigen::VectorXd {
        return steps.unaryExpr([&](double t) { return function(x + t); });
      },
      0.0625, 12);
}

}  // namespace

TEST_CASE("Derivatives of smooth functions are right to ten digits") {
  CHECK(of([](double x) { return std::exp(x); }, 1.0).value ==
        Approx(std::exp(1.0)).epsilon(1e-10));
  CHECK(of([](double x) { return std::sin(10 * x); }, 0.3).value ==
        Approx(10 * std::cos(3.0)).epsilon(1e-10));
}

TEST_CASE("The error that the differences show covers the true error") {
  const Derivative slope = of([](double x) { return 1e6 + std::sin(x); }, 0.5);
  CHECK(std::abs(slope.value - std::cos(0.5)) <= 10 * slope.error);
}

TEST_CASE("A function computed in single precision is known to be rough") {
  const Derivative slope = of([](double x) { return double(float(1000 * std::sin(x))); }, 0.5);
  CHECK(std::abs(slope.value - 1000 * std::cos(0.5)) <= 10 * slope.error);
  CHECK(slope.error < 1);
}

TEST_CASE("A kink a hundredth away does not spoil a derivative") {
  CHECK(of([](double x) { return std::abs(x); }, 0.01).value == Approx(1).epsilon(1e-9));
}

TEST_CASE("Many kinks do not spoil a derivative between two of them") {
  // Straight pieces between the squares of multiples of 0.01.
  const Derivative slope = of(
      [](double x) {
        const double cell = std::floor(100 * x) / 100;
        return cell * cell + (x - cell) * (2 * cell + 0.01);
      },
      0.5043);
  CHECK(slope.value == Approx(1.01).epsilon(1e-8));
  CHECK(slope.error < 1e-8);
}

TEST_CASE("A wrong gradient is named by block and coordinate, and the parameters are put back") {
  Parameters parameters;
  const auto weights = parameters.add("weights", 4);
  parameters.vector(weights) << 1, 2, 3, 4;
  Gradient claimed(parameters);
  claimed.f64() = parameters.f64();
  const auto value = [&] { return 0.5 * parameters.f64().squaredNorm(); };
  CHECK(judge_gradient(parameters, claimed, value).verdict == Verdict::passed);
  claimed.f64()[2] *= 1.001;
  const Outcome wrong = judge_gradient(parameters, claimed, value);
  CHECK(wrong.verdict == Verdict::failed);
  CHECK(wrong.detail.find("block \"weights\", coordinate 2") != std::string::npos);
  CHECK(parameters.f64()[3] == 4);
}

TEST_CASE("Kinks closer than the steps hide a derivative from differences, not from its integral") {
  // The slope along the first coordinate is 1 or 1.4 in turn, on pieces of 2e-4.
  Parameters parameters;
  const auto weights = parameters.add_f32("weights", 2);
  parameters.vector(weights) << 1e-4f, 2;
  constexpr double piece = 2e-4;
  const auto is_steep = [&] {
    return std::fmod(std::floor(double(parameters.f32()[0]) / piece), 2) != 0;
  };
  const auto value = [&] {
    const double x = parameters.f32()[0], pieces = std::floor(x / piece);
    const double before =
        std::floor(pieces / 2) * 2.4 * piece + (std::fmod(pieces, 2) != 0) * piece;
    return before + (is_steep() ? 1.4 : 1) * (x - pieces * piece) + 2 * double(parameters.f32()[1]);
  };
  double factor = 1;
  const auto gradient = [&](GradientOut out) {
    out.vector(weights)[0] += float(factor * (is_steep() ? 1.4 : 1));
    out.vector(weights)[1] += 2;
  };
  const auto judged = [&](const std::function<void(GradientOut)>& everywhere) {
    Gradient claimed(parameters);
    gradient(claimed.out());
    return judge_gradient(parameters, claimed, value, 12, everywhere).verdict;
  };
  CHECK(judged({}) == Verdict::failed);
  CHECK(judged(gradient) == Verdict::passed);
  factor = 1.5;
  CHECK(judged(gradient) == Verdict::failed);
}

TEST_CASE("Gradients of single-precision parameters are held to what its digits allow") {
  Parameters parameters;
  const auto weights = parameters.add_f32("weights", 3);
  parameters.vector(weights) << 1.5f, -0.5f, 0.25f;
  Gradient claimed(parameters);
  claimed.f32() = parameters.f32();
  const auto value = [&] { return double(0.5f * parameters.f32().squaredNorm()); };
  CHECK(judge_gradient(parameters, claimed, value).verdict == Verdict::passed);
  claimed.f32()[0] *= 1.05f;
  CHECK(judge_gradient(parameters, claimed, value).verdict == Verdict::failed);
}
