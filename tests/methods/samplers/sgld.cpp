#include "support/chains.hpp"
#include "support/gaussian_target.hpp"

using namespace elbow;
using namespace elbow::test;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// y_n ~ N(z, 1) for n = 1 ... 50 with a flat prior: the posterior is N(mean y, 1/50).
class Location final : public Model, public Density {
 public:
  Location() : y_(50), in_use_(50) {
    stream(51).fill_normal(y_);
    y_.array() += 2;
    use_items({});
  }
  Density* density() override { return this; }
  Index dimension() const override { return 1; }
  std::vector<Variable> variables() const override { return {{"z", {}, {}, ""}}; }
  Index item_count() const override { return y_.size(); }
  void use_items(std::span<const Index> items) override {
    count_ = items.empty() ? y_.size() : Index(items.size());
    for (Index i = 0; i < count_; ++i)
      in_use_[std::size_t(i)] = items.empty() ? i : items[std::size_t(i)];
  }
  void log_density(Draws z, VectorOut log_p) override {
    for (Index s = 0; s < z.cols(); ++s) {
      log_p[s] = 0;
      for (Index i = 0; i < count_; ++i)
        log_p[s] -= 0.5 * std::pow(y_[in_use_[std::size_t(i)]] - z(0, s), 2);
      log_p[s] *= double(y_.size()) / double(count_);
    }
  }
  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override {
    log_density(z, log_p);
    for (Index s = 0; s < z.cols(); ++s) {
      gradient(0, s) = 0;
      for (Index i = 0; i < count_; ++i) gradient(0, s) += y_[in_use_[std::size_t(i)]] - z(0, s);
      gradient(0, s) *= double(y_.size()) / double(count_);
    }
  }
  double mean() const { return y_.mean(); }
  /// Of one item's gradient over the items, divisor N.
  double item_variance() const { return (y_.array() - y_.mean()).square().mean(); }

 private:
  VectorXd y_;
  std::vector<Index> in_use_;
  Index count_ = 0;
};

}  // namespace

TEST_CASE("Langevin draws on minibatches have the variance that their step size gives them") {
  // On a normal with precision P the recursion z' = z - a P z / 2 + sqrt(a) e + a n / 2, with
  // minibatch noise n of variance V, is stationary at the variance (a + a^2 V / 4) / (a P - a^2
  // P^2 / 4). A control variate removes n, as all items have one curvature.
  const double a = 0.02, precision = 50;
  const std::int64_t batch = 10;
  const bool control = GENERATE(false, true);
  Location target;
  const double v = control ? 0 : 50.0 * 50.0 / double(batch) * target.item_variance();
  const double known = (a + a * a * v / 4) / (a * precision - a * a * precision * precision / 4);
  const Chains chains = sample(
      target, "sgld", {{"step_size", a}, {"batch_size", batch}, {"control_variate", control}},
      MatrixXd::Constant(1, 4, target.mean()), 200, 40000);
  const auto mean = average(chains, 200, [](const auto& z) { return z[0]; });
  const auto square =
      average(chains, 200, [&](const auto& z) { return std::pow(z[0] - target.mean(), 2); });
  REQUIRE(std::abs(mean.mean - target.mean()) < 4 * mean.mcse);
  REQUIRE(std::abs(square.mean - known) < 4 * square.mcse);
  REQUIRE(square.mcse < 0.02 * known);
}

TEST_CASE("In the limit of small steps stochastic Langevin draws are those of the posterior") {
  Location target;
  const Chains chains =
      sample(target, "sgld", {{"step_size", 4e-4}, {"batch_size", std::int64_t(25)}},
             MatrixXd::Constant(1, 8, target.mean()), 1000, 60000);
  const auto square =
      average(chains, 1000, [&](const auto& z) { return std::pow(z[0] - target.mean(), 2); });
  // The bias, of 0.5% from the step and 1% from the minibatches, is below the error.
  REQUIRE(std::abs(square.mean - 0.02) < 4 * square.mcse);
}

TEST_CASE("The step of stochastic Langevin dynamics decays as its option says") {
  Location target;
  const Chains chains = sample(
      target, "sgld", {{"step_size", 0.01}, {"decay_exponent", 0.5}, {"decay_offset", 100.0}},
      MatrixXd::Zero(1, 1), 0, 301);
  const Index step = chains.field("step_size");
  REQUIRE(chains.statistics[0](step, 0) == Approx(0.01));
  REQUIRE(chains.statistics[300](step, 0) == Approx(0.005));
}

TEST_CASE("A step too large for the target leaves the chain where it is finite, and says so") {
  GaussianTarget target(VectorXd::Zero(1), MatrixXd::Constant(1, 1, 1e-300));
  const Chains chains = sample(target, "sgld", {{"step_size", 1e20}}, MatrixXd::Zero(1, 1), 0, 10);
  for (std::size_t i = 0; i < 10; ++i) {
    REQUIRE(chains.z[i](0, 0) == 0);
    REQUIRE(chains.statistics[i](chains.field("non_finite"), 0) == 1);
  }
}
