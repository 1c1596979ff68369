#include "support/chains.hpp"
#include "support/gaussian_target.hpp"

using namespace elbow;
using namespace elbow::test;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

const std::vector<std::string> names = {"affine_invariant",
                                        "barker",
                                        "elliptical_slice",
                                        "hmc",
                                        "mala",
                                        "nuts",
                                        "parallel_tempering",
                                        "random_walk_metropolis",
                                        "slice"};

/// Samplers without a gradient and without warm-up's help in every direction need more draws.
bool mixes_slowly(const std::string& name) {
  return name == "affine_invariant" || name == "random_walk_metropolis";
}

/// Eight groups with unknown common mean and log sd, non-centred: mu ~ N(0, 5), log tau ~ N(0, 1),
/// x_j ~ N(0, 1), y_j ~ N(mu + tau x_j, sigma_j). D = 10.
class Groups final : public Model, public Density {
 public:
  Density* density() override { return this; }
  Index dimension() const override { return 10; }
  std::vector<Variable> variables() const override { return {{"z", {10}, {}, ""}}; }
  void log_density(Draws z, VectorOut log_p) override {
    MatrixXd gradient(10, z.cols());
    log_density_gradient(z, log_p, gradient);
  }
  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override {
    for (Index s = 0; s < z.cols(); ++s) log_p[s] = column(z.col(s).data(), gradient.col(s).data());
  }

  /// Not inlined, so that a column's rounding cannot depend on the loop around it.
  __attribute__((noinline)) static double column(const double* z, double* gradient) {
    static constexpr double y[] = {28, 8, -3, 7, -1, 1, 18, 12};
    static constexpr double sigma[] = {15, 10, 16, 11, 9, 11, 10, 18};
    const double mu = z[0], tau = std::exp(z[1]);
    double log_p = -0.5 * mu * mu / 25 - 0.5 * z[1] * z[1];
    gradient[0] = -mu / 25;
    gradient[1] = -z[1];
    for (Index j = 0; j < 8; ++j) {
      const double x = z[2 + j], residual = (y[j] - mu - tau * x) / sigma[j];
      log_p -= 0.5 * (x * x + residual * residual);
      gradient[0] += residual / sigma[j];
      gradient[1] += residual / sigma[j] * tau * x;
      gradient[2 + j] = -x + residual / sigma[j] * tau;
    }
    return log_p;
  }

  /// Posterior means of mu, mu^2 and log tau, by quadrature over both after the x_j are integrated
  /// out.
  static const Eigen::Vector3d& means() {
    static const Eigen::Vector3d known = [] {
      static constexpr double y[] = {28, 8, -3, 7, -1, 1, 18, 12};
      static constexpr double sigma[] = {15, 10, 16, 11, 9, 11, 10, 18};
      double total = 0;
      Eigen::Vector3d sum(0, 0, 0);
      for (double log_tau = -7; log_tau <= 7; log_tau += 0.05)
        for (double mu = -35; mu <= 45; mu += 0.25) {
          double log_p = -0.5 * mu * mu / 25 - 0.5 * log_tau * log_tau;
          for (int j = 0; j < 8; ++j)
            log_p += log_normal(y[j], mu, std::hypot(std::exp(log_tau), sigma[j]));
          total += std::exp(log_p);
          sum += std::exp(log_p) * Eigen::Vector3d(mu, mu * mu, log_tau);
        }
      return Eigen::Vector3d(sum / total);
    }();
    return known;
  }
};

/// -inf for z < 0, NaN for z > 3, and N(1, 1) between.
class Holes final : public Model, public Density {
 public:
  Density* density() override { return this; }
  Index dimension() const override { return 1; }
  std::vector<Variable> variables() const override { return {{"z", {}, {}, ""}}; }
  void log_density(Draws z, VectorOut log_p) override {
    for (Index s = 0; s < z.cols(); ++s)
      log_p[s] = z(0, s) < 0 ? -INFINITY : z(0, s) > 3 ? NAN : log_normal(z(0, s), 1, 1);
  }
  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override {
    log_density(z, log_p);
    for (Index s = 0; s < z.cols(); ++s) gradient(0, s) = std::isfinite(log_p[s]) ? 1 - z(0, s) : 0;
  }
};

void require_moments(const Chains& chains, Index warmup, const GaussianTarget& target) {
  const Index d = target.mean().size();
  for (Index i = 0; i < d; ++i)
    for (Index j = 0; j <= i; ++j) {
      const VectorXd m = target.mean();
      const auto mean = average(chains, warmup, [&](const auto& z) { return z[i]; });
      const auto product =
          average(chains, warmup, [&](const auto& z) { return (z[i] - m[i]) * (z[j] - m[j]); });
      INFO("coordinates " << i << ", " << j);
      REQUIRE(std::abs(mean.mean - m[i]) < 4 * mean.mcse);
      REQUIRE(std::abs(product.mean - target.covariance()(i, j)) < 4 * product.mcse);
      REQUIRE(mean.mcse < 0.1 * target.sd()[i]);  // so that the check can fail
    }
}

}  // namespace

TEST_CASE("Chains have the moments of Gaussian targets") {
  const std::string name = GENERATE(from_range(names));
  SECTION("in one dimension, far from the origin and at another scale") {
    GaussianTarget target = conjugate_normal();
    require_moments(sample(target, name, {}, MatrixXd::Zero(1, 4), 500, 10000), 500, target);
  }
  SECTION("two correlated dimensions") {
    GaussianTarget target = correlated(0.9);
    require_moments(sample(target, name, {}, MatrixXd::Constant(2, 4, 3), 500, 10000), 500, target);
  }
  SECTION("scales from 0.01 to 100") {
    const VectorXd variances = (VectorXd(3) << 1e-4, 1, 1e4).finished();
    GaussianTarget target(VectorXd::Ones(3), variances.asDiagonal());
    require_moments(sample(target, name, {}, MatrixXd::Zero(3, 4), 2000, 10000), 2000, target);
  }
}

TEST_CASE("Chains without warm-up have the right moments too") {
  GaussianTarget target = correlated(0.5);
  const auto [name, options] = GENERATE(table<std::string, OptionMap>(
      {{"hmc", {{"step_size", 0.3}}},
       {"hmc", {}},
       {"nuts", {}},
       {"mala", {}},
       {"barker", {{"step_size", 1.0}}},
       {"slice", {}},
       {"slice", {{"width", 0.2}, {"max_expansions", std::int64_t(4)}}},
       {"elliptical_slice", {}},
       {"elliptical_slice", {{"base", std::string("gaussian")}, {"base_sd", 2.0}}},
       {"random_walk_metropolis", {{"scale", 1.5}}}}));
  require_moments(sample(target, name, options, MatrixXd::Zero(2, 4), 0, 10000), 0, target);
}

TEST_CASE("Chains have the moments of a hierarchical posterior") {
  const std::string name = GENERATE(from_range(names));
  Groups target;
  const Chains chains =
      sample(target, name, {}, MatrixXd::Zero(10, 4), 1000, mixes_slowly(name) ? 40000 : 5000);
  const auto mu = average(chains, 1000, [](const auto& z) { return z[0]; });
  const auto square = average(chains, 1000, [](const auto& z) { return z[0] * z[0]; });
  const auto log_tau = average(chains, 1000, [](const auto& z) { return z[1]; });
  REQUIRE(std::abs(mu.mean - Groups::means()[0]) < 4 * mu.mcse);
  REQUIRE(std::abs(square.mean - Groups::means()[1]) < 4 * square.mcse);
  REQUIRE(std::abs(log_tau.mean - Groups::means()[2]) < 4 * log_tau.mcse);
  REQUIRE(mu.mcse < 0.3);
}

TEST_CASE("Exact draws stay exact draws under any number of transitions") {
  // 4000 chains start in the target; after 5 transitions they are still a sample of it, whatever
  // the sampler's efficiency.
  const auto [name, options] =
      GENERATE(table<std::string, OptionMap>({{"hmc", {{"step_size", 0.9}, {"path_length", 1.3}}},
                                              {"hmc", {{"step_size", 1.5}, {"jitter", 0.0}}},
                                              {"nuts", {{"step_size", 0.9}}},
                                              {"nuts", {{"step_size", 0.2}, {"jitter", 0.5}}},
                                              {"mala", {{"step_size", 0.9}}},
                                              {"barker", {{"step_size", 1.5}}},
                                              {"slice", {{"width", 0.7}}},
                                              {"elliptical_slice", {{"base_sd", 0.7}}},
                                              {"random_walk_metropolis", {{"scale", 1.0}}}}));
  constexpr Index chains = 4000;
  GaussianTarget target = correlated(0.8);
  MatrixXd starts(2, chains);
  stream(9, "starts").fill_normal(starts);
  starts.row(1) = 0.8 * starts.row(0) + 0.6 * starts.row(1);
  const MatrixXd z = sample(target, name, options, starts, 0, 5).z.back();
  const double n = double(chains);
  REQUIRE(z.rowwise().mean().cwiseAbs().maxCoeff() < 4 / std::sqrt(n));
  const MatrixXd products = z * z.transpose() / n;
  REQUIRE(std::abs(products(0, 0) - 1) < 4 * std::sqrt(2 / n));
  REQUIRE(std::abs(products(1, 1) - 1) < 4 * std::sqrt(2 / n));
  REQUIRE(std::abs(products(0, 1) - 0.8) < 4 * std::sqrt(1.64 / n));
  // Fourth moment of a normal: 3, with variance 96.
  REQUIRE(std::abs(z.row(0).array().pow(4).mean() - 3) < 4 * std::sqrt(96 / n));
}

TEST_CASE("One transition balances the flow between any two regions") {
  const auto [name, options] = GENERATE(table<std::string, OptionMap>(
      {{"random_walk_metropolis", {{"scale", 2.0}}},
       {"mala", {{"step_size", 1.8}}},
       {"barker", {{"step_size", 2.0}}},
       {"slice", {{"width", 1.0}, {"max_expansions", std::int64_t(3)}}},
       {"elliptical_slice", {{"base_sd", 0.8}}},
       {"elliptical_slice", {{"base", std::string("gaussian")}, {"base_sd", 3.0}}}}));
  GaussianTarget target(VectorXd::Zero(1), MatrixXd::Ones(1, 1));
  constexpr Index chains = 20000;
  MatrixXd starts(1, chains);
  stream(10, "starts").fill_normal(starts);
  const MatrixXd ends = sample(target, name, options, starts, 0, 1).z[0];
  for (const double edge : {-1.0, 0.0, 0.7, 1.5}) {
    double up = 0, down = 0;
    for (Index c = 0; c < chains; ++c) {
      up += starts(0, c) < edge && ends(0, c) >= edge;
      down += starts(0, c) >= edge && ends(0, c) < edge;
    }
    REQUIRE(std::abs(up - down) < 4 * std::sqrt(up + down));
    REQUIRE(up > 100);
  }
}

TEST_CASE("A block of chains is bit for bit its chains alone") {
  const std::string name = GENERATE(from_range(names));
  Groups target;
  MatrixXd starts(10, 4);
  stream(11, "starts").fill_normal(starts);
  const Chains block = sample(target, name, {}, starts, 200, 100);
  for (Index c = 0; c < 4; ++c) {
    const Chains alone = sample(target, name, {}, starts.col(c), 200, 100, c);
    for (std::size_t i = 0; i < block.z.size(); ++i) {
      REQUIRE(block.z[i].col(c) == alone.z[i].col(0));
      REQUIRE(block.statistics[i].col(c) == alone.statistics[i].col(0));
    }
  }
}

TEST_CASE("Once warm-up is over nothing adapts") {
  SECTION("random-walk Metropolis keeps its scale") {
    Groups target;
    const Chains chains =
        sample(target, "random_walk_metropolis", {}, MatrixXd::Zero(10, 2), 300, 200);
    const Index scale = chains.field("scale");
    REQUIRE(chains.statistics[250].row(scale) != chains.statistics[290].row(scale));
    for (std::size_t i = 301; i < 500; ++i)
      REQUIRE(chains.statistics[i].row(scale) == chains.statistics[300].row(scale));
  }
  SECTION("slice sampling keeps its widths") {
    Groups target;
    const Chains chains = sample(target, "slice", {}, MatrixXd::Zero(10, 2), 300, 200);
    const Index width = chains.field("width");
    REQUIRE(chains.statistics[250].row(width) != chains.statistics[290].row(width));
    for (std::size_t i = 301; i < 500; ++i)
      REQUIRE(chains.statistics[i].row(width) == chains.statistics[300].row(width));
  }
  SECTION("Hamiltonian and Langevin samplers keep their step size") {
    const auto [name, options] = GENERATE(table<std::string, OptionMap>(
        {{"hmc", {{"jitter", 0.0}}}, {"nuts", {}}, {"mala", {}}, {"barker", {}}}));
    Groups target;
    const Chains chains = sample(target, name, options, MatrixXd::Zero(10, 2), 300, 200);
    const Index step = chains.field("step_size");
    REQUIRE(chains.statistics[250].row(step) != chains.statistics[290].row(step));
    for (std::size_t i = 301; i < 500; ++i)
      REQUIRE(chains.statistics[i].row(step) == chains.statistics[300].row(step));
  }
}

TEST_CASE("Warm-up reaches the target acceptance") {
  const auto [name, goal] = GENERATE(table<std::string, double>({{"hmc", 0.65},
                                                                 {"hmc", 0.9},
                                                                 {"nuts", 0.8},
                                                                 {"mala", 0.574},
                                                                 {"mala", 0.8},
                                                                 {"barker", 0.4},
                                                                 {"barker", 0.6},
                                                                 {"random_walk_metropolis", 0.234},
                                                                 {"random_walk_metropolis", 0.4}}));
  const VectorXd variances = VectorXd::LinSpaced(20, 0.1, 10);
  GaussianTarget target(VectorXd::Zero(20), variances.asDiagonal());
  const Chains chains =
      sample(target, name, {{"target_acceptance", goal}}, MatrixXd::Zero(20, 4), 1000, 1000);
  double mean = 0;
  for (std::size_t i = 1000; i < 2000; ++i)
    mean += chains.statistics[i].row(chains.field("acceptance_rate")).mean() / 1000;
  // Dual averaging keeps the mean of log step sizes, whose acceptance is a little above the mean.
  REQUIRE(mean == Approx(goal).margin(name == "random_walk_metropolis" ? 0.05 : 0.12));
}

TEST_CASE("Proposals of infinite or NaN density are rejected and counted") {
  const std::string name = GENERATE(from_range(names));
  Holes target;
  const Chains chains = sample(target, name, {}, MatrixXd::Ones(1, 4), 500, 20000);
  double counted = 0;
  for (std::size_t i = 0; i < chains.z.size(); ++i) {
    REQUIRE(chains.z[i].minCoeff() >= 0);
    REQUIRE(chains.z[i].maxCoeff() <= 3);
    counted += chains.statistics[i].row(chains.field("non_finite")).sum();
  }
  REQUIRE(counted > 100);
  // A normal cut to [0, 3], by quadrature.
  double total = 0, first = 0;
  for (double z = 0.0005; z < 3; z += 0.001) {
    total += std::exp(log_normal(z, 1, 1));
    first += z * std::exp(log_normal(z, 1, 1));
  }
  const auto mean = average(chains, 500, [](const auto& z) { return z[0]; });
  REQUIRE(mean.mcse < 0.05);
  REQUIRE(std::abs(mean.mean - first / total) < 4 * mean.mcse);
}
