#include <catch2/catch.hpp>
#include <cmath>
#include <elbow/random.hpp>

#include "diagnostics/uniformity.hpp"

using namespace elbow;

namespace {

/// Ranks of a truth among `draws` draws, both standard normal but for the draws' mean and sd.
std::vector<Index> normal_ranks(Index simulations, Index draws, double mean, double sd,
                                RandomStream stream) {
  std::vector<Index> ranks;
  for (Index i = 0; i < simulations; ++i) {
    const double truth = stream.normal();
    Index rank = 0;
    for (Index d = 0; d < draws; ++d) rank += mean + sd * stream.normal() < truth;
    ranks.push_back(rank);
  }
  return ranks;
}

}  // namespace

TEST_CASE(
    "Both p-values are at most alpha in about a share alpha of experiments with uniform ranks") {
  const Index experiments = 400;
  Index chi_square = 0, ecdf = 0;
  for (Index e = 0; e < experiments; ++e) {
    const Uniformity test =
        uniformity(normal_ranks(100, 31, 0, 1, RandomStream(1, std::uint64_t(e), "ranks")), 31);
    chi_square += test.chi_square_p <= 0.1;
    ecdf += test.ecdf_p <= 0.1;
  }
  // 40 expected, standard deviation 6. The ECDF's statistic is discrete, and so may be
  // conservative.
  CHECK(std::abs(double(chi_square) - 40) < 30);
  CHECK(std::abs(double(ecdf) - 40) < 30);
}

TEST_CASE("The chance that the path leaves its bands is exact for one place") {
  // L = 1: ranks are fair coins. With 10 of 10 heads both tails together have 2 / 2^10.
  const Uniformity test = uniformity(std::vector<Index>(10, 1), 1);
  CHECK(test.ecdf_p == Approx(2.0 / 1024).epsilon(1e-9));
}

TEST_CASE("Draws that are shifted, too narrow or too wide are told from the posterior") {
  const RandomStream stream(2, 0, "ranks");
  CHECK(uniformity(normal_ranks(300, 63, 0.4, 1, stream), 63).ecdf_p < 1e-3);
  CHECK(uniformity(normal_ranks(300, 63, 0, 0.6, stream), 63).chi_square_p < 1e-3);
  CHECK(uniformity(normal_ranks(300, 63, 0, 0.6, stream), 63).ecdf_p < 1e-3);
  CHECK(uniformity(normal_ranks(300, 63, 0, 1.8, stream), 63).ecdf_p < 1e-3);
}

TEST_CASE("Bins that do not divide the ranks have the expected counts of their widths") {
  // Every rank of 0 ... 100 equally often: no deviation at all, in 20 bins of 5 or 6 ranks.
  std::vector<Index> ranks;
  for (int copy = 0; copy < 3; ++copy)
    for (Index r = 0; r <= 100; ++r) ranks.push_back(r);
  const Uniformity test = uniformity(ranks, 100);
  CHECK(test.histogram.size() == 20);
  CHECK(test.chi_square_p == Approx(1).margin(1e-9));
}

TEST_CASE("Fewer than two ranks have no p-values") {
  CHECK(std::isnan(uniformity({}, 63).chi_square_p));
  CHECK(std::isnan(uniformity({5}, 63).ecdf_p));
}
