#include <catch2/catch.hpp>
#include <elbow/elbow.hpp>
#include <elbow/noise_source.hpp>
#include <set>

using namespace elbow;

namespace noise_source_tests {

namespace {

Options named(const std::string& name) {
  std::map<std::string, OptionValue, std::less<>> values;
  values.emplace("noise", name);
  return Options(std::move(values));
}

RandomStream stream(std::uint64_t replicate) { return {11, replicate, "noise source"}; }

/// Estimates of the mean of f over one block of draws, for many blocks. [blocks]
template <class F>
Eigen::VectorXd block_means(const std::string& noise, const NoiseShape& shape, Index draws, F f,
                            Index blocks = 2000) {
  NoiseSource source(named(noise), shape, draws);
  Eigen::MatrixXd block(shape.rows(), draws);
  Eigen::VectorXd means = Eigen::VectorXd::Zero(blocks);
  for (Index b = 0; b < blocks; ++b) {
    RandomStream numbers = stream(std::uint64_t(b));
    source.fill(numbers, block);
    for (Index s = 0; s < draws; ++s) means[b] += f(block.col(s)) / double(draws);
  }
  return means;
}

double variance(const Eigen::VectorXd& x) {
  return (x.array() - x.mean()).square().sum() / double(x.size() - 1);
}

}  // namespace

TEST_CASE("every kind of noise gives each draw the family's noise distribution") {
  const std::string name = GENERATE("independent", "antithetic", "sobol");
  const NoiseShape shape{2, 1};
  const auto draw = GENERATE(0, 1, 6);
  // E e = 0, E e^2 = 1, E u = 1/2, E u^2 = 1/3, E e_1 e_2 u = 0 at any single draw.
  Eigen::VectorXd sums = Eigen::VectorXd::Zero(6), squares = sums;
  NoiseSource source(named(name), shape, 7);
  Eigen::MatrixXd block(3, 7);
  constexpr int n = 20000;
  for (int b = 0; b < n; ++b) {
    RandomStream numbers = stream(std::uint64_t(b));
    source.fill(numbers, block);
    const auto x = block.col(draw);
    Eigen::VectorXd f(6);
    f << x[0], x[0] * x[0] - 1, x[1], x[2] - 0.5, x[2] * x[2] - 1.0 / 3, x[0] * x[1] * x[2];
    sums += f;
    squares += f.cwiseAbs2();
  }
  INFO(name << " draw " << draw);
  for (Index i = 0; i < 6; ++i) CHECK(std::abs(sums[i] / n) < 5 * std::sqrt(squares[i]) / n);
}

TEST_CASE("antithetic draws cancel odd functions exactly, also of a part of an odd block") {
  NoiseSource source(named("antithetic"), {2, 1}, 5);
  RandomStream numbers = stream(1);
  Eigen::MatrixXd block(3, 5);
  source.fill(numbers, block);
  for (const Index pair : {0, 2}) {
    CHECK(block.col(pair).head(2) == -block.col(pair + 1).head(2));
    CHECK(block(2, pair) + block(2, pair + 1) == Approx(1).epsilon(1e-15));
  }
  CHECK(source.group_size() == 2);
}

TEST_CASE("a power of two of Sobol points has one point in every cell along each axis") {
  constexpr Index points = 64, axes = 40;
  NoiseSource source(named("sobol"), {0, axes}, points);
  RandomStream numbers = stream(3);
  Eigen::MatrixXd block(axes, points);
  source.fill(numbers, block);
  for (Index i = 0; i < axes; ++i) {
    std::set<Index> cells;
    for (Index s = 0; s < points; ++s) cells.insert(Index(block(i, s) * points));
    CHECK(cells.size() == points);
  }
  // The first two axes are a (0, 6, 2)-net: one point in each of 8 x 8 boxes.
  std::set<Index> boxes;
  for (Index s = 0; s < points; ++s)
    boxes.insert(8 * Index(8 * block(0, s)) + Index(8 * block(1, s)));
  CHECK(boxes.size() == points);
}

TEST_CASE("averages of smooth functions vary less under antithetic and Sobol noise") {
  const NoiseShape shape{3, 0};
  const auto f = [](const auto& x) { return std::exp(0.5 * x.sum()); };
  const double expected = std::exp(0.375);
  const Eigen::VectorXd independent = block_means("independent", shape, 64, f);
  const Eigen::VectorXd antithetic = block_means("antithetic", shape, 64, f);
  const Eigen::VectorXd sobol = block_means("sobol", shape, 64, f);
  for (const auto* means : {&independent, &antithetic, &sobol})
    CHECK(std::abs(means->mean() - expected) <
          5 * std::sqrt(variance(*means) / double(means->size())));
  CHECK(variance(antithetic) < 0.8 * variance(independent));
  CHECK(variance(sobol) < 0.2 * variance(independent));
}

TEST_CASE("two independent groups are asked for where a baseline needs them") {
  NoiseSource source(named("sobol"), {1, 0}, 8, 2);
  CHECK(source.group_size() == 4);
  // Correlation of the groups' means over many blocks is that of independent numbers.
  constexpr int n = 4000;
  double product = 0, square = 0;
  Eigen::MatrixXd block(1, 8);
  for (int b = 0; b < n; ++b) {
    RandomStream numbers = stream(std::uint64_t(b));
    source.fill(numbers, block);
    const double first = block.leftCols(4).array().exp().mean() - std::exp(0.5);
    const double second = block.rightCols(4).array().exp().mean() - std::exp(0.5);
    product += first * second;
    square += first * first;
  }
  CHECK(std::abs(product) < 5 * square / std::sqrt(double(n)));
  CHECK_NOTHROW(NoiseSource(named("antithetic"), {1, 0}, 3, 2));
  CHECK_THROWS_AS(NoiseSource(named("antithetic"), {1, 0}, 2, 2), OptionError);
  CHECK_THROWS_AS(NoiseSource(named("independent"), {1, 0}, 1, 2), OptionError);
}

TEST_CASE("Sobol noise of more dimensions than there are polynomials is refused") {
  CHECK_NOTHROW(NoiseSource(named("sobol"), {3667, 0}, 2));
  CHECK_THROWS_AS(NoiseSource(named("sobol"), {3668, 0}, 2), OptionError);
}

}  // namespace noise_source_tests
