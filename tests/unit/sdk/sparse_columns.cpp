#include <catch2/catch.hpp>
#include <elbow/random.hpp>
#include <elbow/sparse_columns.hpp>

using namespace elbow;

namespace sparse_columns_tests {

TEMPLATE_TEST_CASE("a sparse matrix has the numbers that are not zero, by rows", "", float,
                   double) {
  using Matrix = Eigen::Matrix<TestType, Eigen::Dynamic, Eigen::Dynamic>;
  const Index rows = GENERATE(range(0, 35)), columns = 6;
  RandomStream stream(std::uint64_t(rows), 0, "sparse");
  Matrix dense = Matrix::Zero(rows + 3, columns);  // the rows below belong to somebody else
  dense.bottomRows(3).setOnes();
  for (Index j = 0; j < columns; ++j)
    for (Index i = 0; i < rows; ++i)
      if (stream.uniform() < 0.1) dense(i, j) = TestType(stream.normal());
  if (rows > 20) {
    dense(3, 0) = std::numeric_limits<TestType>::quiet_NaN();
    dense(19, 5) = TestType(-0.0);
  }
  SparseColumns<TestType> sparse, turned;
  if (!sparse.read(dense.data(), dense.rows(), rows, columns)) {
    // So few numbers that one is much.
    REQUIRE(rows < 20);
    REQUIRE(sparse.columns() == 0);
    return;
  }
  turned.transpose(sparse, rows);
  REQUIRE(sparse.columns() == columns);
  REQUIRE(turned.columns() == rows);
  const auto equal = [](TestType a, TestType b) { return a == b || (a != a && b != b); };
  const auto is = [&](const SparseColumns<TestType>& found, const auto& expected) {
    for (Index j = 0; j < expected.cols(); ++j) {
      auto entry = found[j].begin();
      for (Index i = 0; i < expected.rows(); ++i) {
        if (expected(i, j) == 0) continue;
        REQUIRE(entry != found[j].end());
        REQUIRE(entry->row == i);
        REQUIRE(equal(entry->value, expected(i, j)));
        ++entry;
      }
      REQUIRE(entry == found[j].end());
    }
  };
  is(sparse, dense.topRows(rows));
  is(turned, dense.topRows(rows).transpose());
}

TEST_CASE("a matrix with few zeros is not sparse") {
  Eigen::MatrixXf dense = Eigen::MatrixXf::Ones(50, 20);
  SparseColumns<float> sparse;
  CHECK_FALSE(sparse.read(dense.data(), 50, 50, 20));
  // A few dense columns among empty ones are.
  dense.rightCols(17).setZero();
  REQUIRE(sparse.read(dense.data(), 50, 50, 20));
  CHECK(sparse[2].size() == 50);
  CHECK(sparse[19].empty());
}

}  // namespace sparse_columns_tests
