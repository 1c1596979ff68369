#include "support/allocation_counter.hpp"
#include "support/gaussian_target.hpp"
#include "support/plugin_under_test.hpp"

using namespace elbow;
using namespace elbow::test;
using Eigen::MatrixXd;
using Eigen::VectorXd;

TEST_CASE("A step of a fit does not allocate, whatever family, estimator and optimizer") {
  const std::string family_name =
      GENERATE("gaussian_mean_field", "gaussian_full_rank", "gaussian_low_rank");
  const auto [estimator_name, options] = GENERATE(table<std::string, OptionMap>(
      {{"reparameterized", {{"entropy", std::string("monte_carlo")}}},
       {"reparameterized", {{"entropy", std::string("closed")}}},
       {"reparameterized", {{"entropy", std::string("sticking_the_landing")}}},
       {"score_function", {{"baseline", std::string("running_mean")}}},
       {"score_function", {{"baseline", std::string("leave_one_out")}}},
       {"importance_weighted", {{"gradient", std::string("standard")}}},
       {"importance_weighted", {{"gradient", std::string("doubly_reparameterized")}}},
       {"importance_weighted", {{"gradient", std::string("vimco")}}}}));
  const std::string optimizer_name = GENERATE("adam", "sgd");
  GaussianTarget target(VectorXd::Ones(25), MatrixXd::Identity(25, 25));
  const auto q = family(family_name, 25);
  const auto method = estimator(estimator_name, target, &*q, options);
  const auto moves = optimizer(optimizer_name, method->trained());
  VectorXd trace(Index(method->trace_fields().size()));
  std::size_t before = 0;
  for (Index i = 0; i < 5; ++i) {
    if (i == 1) before = allocations();
    Fit step{target, &*q, &*moves, i, stream(1).substream(std::uint64_t(i)), {}};
    method->step(step, trace);
  }
  REQUIRE(allocations() == before);
}

TEST_CASE("A Gaussian family does not allocate for blocks smaller than an earlier one") {
  const std::string name =
      GENERATE("gaussian_mean_field", "gaussian_full_rank", "gaussian_low_rank");
  const auto q = family(name, 25);
  MatrixXd noise = MatrixXd::Ones(q->noise().rows(), 64), z(25, 64), gradient(25, 64);
  VectorXd log_q(64);
  Gradient phi(q->parameters());
  std::size_t before = 0;
  for (const Index draws : {64, 10, 64, 1, 32}) {
    q->sample(noise.leftCols(draws), z.leftCols(draws), log_q.head(draws));
    q->sample_pullback(z.leftCols(draws), log_q.head(draws), phi.out());
    q->log_prob(z.leftCols(draws), log_q.head(draws));
    q->log_prob_pullback(log_q.head(draws), phi.out(), gradient.leftCols(draws));
    if (before == 0) before = allocations();
  }
  REQUIRE(allocations() == before);
}
