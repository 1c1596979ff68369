#include <catch2/catch.hpp>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <elbow/math.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "chains.hpp"
#include "diagnostics/classifier_two_sample.hpp"

using namespace elbow;

namespace {

const RandomStream c2st_stream(1, 0, "c2st");

/// The reference draws of a problem of the sbibm benchmark. [D x n]  Empty without $ELBOW_DATA.
Eigen::MatrixXd reference_draws(const std::string& problem, Index dimension) {
  const char* const folder = std::getenv("ELBOW_DATA");
  const std::string file = std::string(folder ? folder : "") + "/sbibm/" + problem +
                           "/num_observation_1/reference_posterior_samples.csv.bz2";
  if (!folder || !std::filesystem::exists(file)) return {};
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(
      popen(("bzip2 -dc '" + file + "' | tail -n +2 | tr ',' ' '").c_str(), "r"), pclose);
  std::vector<double> numbers;
  for (double number; std::fscanf(pipe.get(), "%lf", &number) == 1;) numbers.push_back(number);
  return Eigen::Map<Eigen::MatrixXd>(numbers.data(), dimension, Index(numbers.size()) / dimension);
}

}  // namespace

TEST_CASE("The classifier reaches the best accuracy between shifted normals and not more") {
  // N(0, I) and N(m, I) are best told apart by the side of m / 2: Phi(|m| / 2).
  const Index n = 1500;
  Eigen::MatrixXd x = test::normals(2, n, 1);
  x.row(0).array() += 1.5;
  const Estimate found = classifier_accuracy(x, test::normals(2, n, 2), c2st_stream);
  const double best = normal_cdf(0.75);
  CHECK(found.value < best + 5 * found.standard_error);
  // A network of finite training loses a little.
  CHECK(found.value > best - 5 * found.standard_error - 0.01);
  CHECK(found.standard_error == Approx(std::sqrt(best * (1 - best) / (2 * n))).epsilon(0.1));
}

TEST_CASE("The classifier does not tell samples of one distribution apart") {
  const Estimate found =
      classifier_accuracy(test::normals(2, 1000, 3), test::normals(2, 1000, 4), c2st_stream);
  CHECK(std::fabs(found.value - 0.5) < 5 * found.standard_error);
}

TEST_CASE("The classifier sees a wrong dependence where all margins are right") {
  Eigen::MatrixXd x = test::normals(2, 1000, 5);
  x.row(1) = 0.9 * x.row(0) + std::sqrt(1 - 0.81) * x.row(1);
  CHECK(classifier_accuracy(x, test::normals(2, 1000, 6), c2st_stream).value > 0.65);
}

TEST_CASE("The classifier's accuracy is a function of samples and stream") {
  const Eigen::MatrixXd x = test::normals(1, 200, 7), y = test::normals(1, 200, 8).array() + 0.5;
  CHECK(classifier_accuracy(x, y, c2st_stream).value ==
        classifier_accuracy(x, y, c2st_stream).value);
}

TEST_CASE("Rows that do not vary are left out, and a NaN has no accuracy") {
  Eigen::MatrixXd x = test::normals(2, 200, 9), y = test::normals(2, 200, 10);
  x.row(1).setConstant(3);
  y.row(1).setConstant(3);
  const Estimate found = classifier_accuracy(x, y, c2st_stream);
  CHECK(std::fabs(found.value - 0.5) < 5 * found.standard_error);
  CHECK(std::isnan(classifier_accuracy(x, Eigen::MatrixXd::Ones(2, 200), c2st_stream).value));
  x(0, 3) = NAN;
  CHECK(std::isnan(classifier_accuracy(x, y, c2st_stream).value));
}

TEST_CASE("Two halves of sbibm's reference draws have an accuracy of a half") {
  const Eigen::MatrixXd draws = reference_draws("two_moons", 2);
  if (draws.size() == 0) {
    WARN("TEST SKIPPED: no sbibm/two_moons in $ELBOW_DATA");
    return;
  }
  const Index half = draws.cols() / 2;
  const Estimate found =
      classifier_accuracy(draws.leftCols(half), draws.rightCols(half), c2st_stream);
  CHECK(std::fabs(found.value - 0.5) < 3 * found.standard_error);
}
