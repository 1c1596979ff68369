#include <catch2/catch.hpp>
#include <elbow/random.hpp>
#include <elbow/sparsity_pattern.hpp>

using namespace elbow;

namespace sparsity_pattern_tests {

TEMPLATE_TEST_CASE("a sparsity pattern has a bit for every number that is not zero", "", float,
                   double) {
  using Matrix = Eigen::Matrix<TestType, Eigen::Dynamic, Eigen::Dynamic>;
  const Index rows = GENERATE(3, 7, 8, 9, 35, 63, 64, 65, 128, 200), columns = 6;
  RandomStream stream(std::uint64_t(rows), 0, "pattern");
  Matrix numbers = Matrix::Zero(rows + 3, columns);  // the rows below belong to somebody else
  numbers.bottomRows(3).setOnes();
  for (Index j = 0; j < columns; ++j)
    for (Index i = 0; i < rows; ++i)
      if (stream.uniform() < 0.1) numbers(i, j) = TestType(stream.normal());
  numbers(0, 0) = std::numeric_limits<TestType>::quiet_NaN();
  numbers(rows - 1, 1) = std::numeric_limits<TestType>::infinity();
  numbers(rows - 1, 5) = TestType(-0.0);
  SparsityPattern pattern;
  REQUIRE(pattern.read(numbers.data(), numbers.rows(), rows, columns));
  REQUIRE(pattern.columns() == columns);
  REQUIRE(pattern.count() == (numbers.topRows(rows).array() != 0).count());
  for (Index j = 0; j < columns; ++j)
    for (Index i = 0; i < (rows + 63) / 64 * 64; ++i) {
      const bool is_set = pattern(i / 64, j) >> (i % 64) & 1;
      REQUIRE(is_set == (i < rows && numbers(i, j) != 0));
    }
}

TEST_CASE("a matrix with few zeros has no pattern") {
  Eigen::MatrixXf numbers = Eigen::MatrixXf::Ones(50, 20);
  SparsityPattern pattern;
  CHECK_FALSE(pattern.read(numbers.data(), 50, 50, 20));
  CHECK(pattern.empty());
  // Dense columns among empty ones have one.
  numbers.rightCols(10).setZero();
  REQUIRE(pattern.read(numbers.data(), 50, 50, 20));
  CHECK(pattern(0, 2) == (std::uint64_t(1) << 50) - 1);
  CHECK(pattern(0, 19) == 0);
  CHECK_FALSE(pattern.read(numbers.data(), 50, 0, 20));
}

}  // namespace sparsity_pattern_tests
