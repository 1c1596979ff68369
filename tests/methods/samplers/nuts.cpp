#include <Eigen/QR>

#include "support/chains.hpp"
#include "support/gaussian_target.hpp"
#include "support/quartic_target.hpp"

using namespace elbow;
using namespace elbow::test;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// v ~ N(0, 1), x ~ N(0, e^v): E x^2 = e^(1/2), E x^2 v = e^(1/2), D = 2.
class MildFunnel final : public Model, public Density {
 public:
  Density* density() override { return this; }
  Index dimension() const override { return 2; }
  std::vector<Variable> variables() const override { return {{"z", {2}, {}, ""}}; }
  void log_density(Draws z, VectorOut log_p) override {
    for (Index s = 0; s < z.cols(); ++s)
      log_p[s] = log_normal(z(0, s), 0, 1) + log_normal(z(1, s), 0, std::exp(0.5 * z(0, s)));
  }
  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override {
    log_density(z, log_p);
    for (Index s = 0; s < z.cols(); ++s) {
      const double precision = std::exp(-z(0, s));
      gradient(0, s) = -z(0, s) - 0.5 + 0.5 * z(1, s) * z(1, s) * precision;
      gradient(1, s) = -z(1, s) * precision;
    }
  }
};

/// The same log density everywhere.
class Flat final : public Model, public Density {
 public:
  Density* density() override { return this; }
  Index dimension() const override { return 1; }
  std::vector<Variable> variables() const override { return {{"z", {}, {}, ""}}; }
  void log_density(Draws, VectorOut log_p) override { log_p.setZero(); }
  void log_density_gradient(Draws, VectorOut log_p, DrawsOut gradient) override {
    log_p.setZero();
    gradient.setZero();
  }
};

/// One transition on the quartic target as the papers define it, by recursion, in one dimension.
/// Random numbers in this order: momentum; for every doubling its direction, the choices inside the
/// new half from the earliest pair on, the choice between the halves.
class RecursiveNuts {
 public:
  struct Point {
    double q, p;
    double energy() const { return 0.5 * p * p + 0.25 * q * q * q * q; }
  };
  /// States in the order in which they were reached, and one chosen of them.
  struct Path {
    std::vector<Point> points;
    Point choice{};
    double weight = 0;
    bool valid = true;
  };

  RecursiveNuts(double start, double step, RandomStream numbers)
      : step_(step), numbers_(numbers), start_{start, numbers_.normal()} {
    Path path{{start_}, start_, 1, true};
    while (path.valid && depth < 10) {
      const bool forward = numbers_.uniform() < 0.5;
      if (forward != last_forward_) std::reverse(path.points.begin(), path.points.end());
      last_forward_ = forward;
      Path half = build(path.points.back(), forward ? step : -step, depth);
      if (!half.valid) break;
      ++depth;
      if (numbers_.uniform() < half.weight / path.weight) path.choice = half.choice;
      path.weight += half.weight;
      path.valid = straight(path.points, half.points);
      path.points.insert(path.points.end(), half.points.begin(), half.points.end());
    }
    end = path.choice;
  }

  Point end{};
  int depth = 0, steps = 0;

 private:
  Path build(Point from, double step, int levels) {
    if (levels == 0) {
      ++steps;
      from.p -= 0.5 * step * std::pow(from.q, 3);
      from.q += step * from.p;
      from.p -= 0.5 * step * std::pow(from.q, 3);
      return {{from}, from, std::exp(start_.energy() - from.energy()), true};
    }
    Path a = build(from, step, levels - 1);
    if (!a.valid) return a;
    const Path b = build(a.points.back(), step, levels - 1);
    if (!b.valid) return b;
    if (numbers_.uniform() < b.weight / (a.weight + b.weight)) a.choice = b.choice;
    a.weight += b.weight;
    a.valid = straight(a.points, b.points);
    a.points.insert(a.points.end(), b.points.begin(), b.points.end());
    return a;
  }

  static double sum(const std::vector<Point>& points) {
    double total = 0;
    for (const Point& point : points) total += point.p;
    return total;
  }
  static bool straight(const std::vector<Point>& a, const std::vector<Point>& b) {
    const double rho = sum(a) + sum(b), left = sum(a) + b.front().p, right = sum(b) + a.back().p;
    return a.front().p * rho > 0 && b.back().p * rho > 0 && a.front().p * left > 0 &&
           b.front().p * left > 0 && a.back().p * right > 0 && b.back().p * right > 0;
  }

  double step_;
  RandomStream numbers_;
  Point start_;
  bool last_forward_ = true;
};

/// Five coordinates of condition number 100 with all pairs correlated: H diag(0.1 ... 10) H with a
/// Householder reflection H.
GaussianTarget ill_conditioned() {
  const VectorXd axis = VectorXd::LinSpaced(5, 1, 2).normalized();
  const MatrixXd reflection = MatrixXd::Identity(5, 5) - 2 * axis * axis.transpose();
  VectorXd variances(5);
  variances << 0.1, 0.3, 1, 3, 10;
  return {VectorXd::LinSpaced(5, -2, 2), reflection * variances.asDiagonal() * reflection};
}

double mean_of(const Chains& chains, const std::string& field, std::size_t from) {
  double sum = 0;
  for (std::size_t i = from; i < chains.statistics.size(); ++i)
    sum += chains.statistics[i].row(chains.field(field)).mean();
  return sum / double(chains.statistics.size() - from);
}

}  // namespace

TEST_CASE("A NUTS transition is the one of the recursive definition") {
  const double step = GENERATE(0.05, 0.2, 0.9);
  QuarticTarget target;
  const Chains chain =
      sample(target, "nuts", {{"step_size", step}}, MatrixXd::Constant(1, 1, 0.7), 0, 300);
  double at = 0.7;
  for (std::size_t i = 0; i < chain.z.size(); ++i) {
    const RecursiveNuts expected(at, step, stream(1).substream(0).substream(i));
    const MatrixXd& statistics = chain.statistics[i];
    INFO("transition " << i);
    REQUIRE(statistics(chain.field("n_steps"), 0) == expected.steps);
    REQUIRE(statistics(chain.field("tree_depth"), 0) == expected.depth);
    REQUIRE(statistics(chain.field("energy"), 0) == Approx(expected.end.energy()).epsilon(1e-9));
    at = chain.z[i](0, 0);
    REQUIRE(at == Approx(expected.end.q).margin(1e-9));
  }
}

TEST_CASE("On a standard normal no path grows on after half a period") {
  // The leapfrog turns by 2 asin(step / 2) in phase space. A path of m states over more than half a
  // period has momenta that point against their sum.
  const double step = GENERATE(0.02, 0.3, 1.0);
  const double turn = 2 * std::asin(step / 2);
  GaussianTarget target(VectorXd::Zero(1), MatrixXd::Ones(1, 1));
  const Chains chain =
      sample(target, "nuts", {{"step_size", step}}, MatrixXd::Constant(1, 4, 0.3), 0, 500);
  for (const MatrixXd& statistics : chain.statistics)
    for (Index c = 0; c < 4; ++c) {
      const double steps = statistics(chain.field("n_steps"), c);
      const double kept = std::exp2(statistics(chain.field("tree_depth"), c));
      const double straight = steps + 1 == kept ? kept / 2 : kept;  // before the last doubling
      REQUIRE((straight - 1) * turn < pi);
    }
  REQUIRE(mean_of(chain, "n_steps", 0) * turn > pi / 2);
}

TEST_CASE("NUTS asks for as many gradients as it reports steps") {
  QuarticTarget target;
  const Chains chain =
      sample(target, "nuts", {{"step_size", 0.1}}, MatrixXd::Constant(1, 5, 0.3), 0, 40);
  double steps = 0;
  for (const MatrixXd& statistics : chain.statistics)
    steps += statistics.row(chain.field("n_steps")).sum();
  REQUIRE(double(target.columns) == steps + 5);  // and once at the start of every chain
}

TEST_CASE("A path that never turns ends at max_tree_depth") {
  GaussianTarget target(VectorXd::Zero(2), MatrixXd::Identity(2, 2));
  const Index depth = GENERATE(1, 4);
  const Chains chain =
      sample(target, "nuts", {{"step_size", 1e-4}, {"max_tree_depth", std::int64_t(depth)}},
             MatrixXd::Constant(2, 2, 0.3), 0, 50);
  for (const MatrixXd& statistics : chain.statistics) {
    REQUIRE((statistics.row(chain.field("tree_depth")).array() == double(depth)).all());
    REQUIRE((statistics.row(chain.field("n_steps")).array() == std::exp2(depth) - 1).all());
  }
}

TEST_CASE("NUTS has the moments of an ill-conditioned Gaussian with every metric") {
  const auto [metric, adaptation] =
      GENERATE(table<std::string, std::string>({{"unit", "variance"},
                                                {"diagonal", "variance"},
                                                {"diagonal", "fisher"},
                                                {"dense", "variance"},
                                                {"dense", "fisher"},
                                                {"low_rank", "variance"},
                                                {"low_rank", "fisher"}}));
  GaussianTarget target = ill_conditioned();
  const Chains chains = sample(target, "nuts", {{"metric", metric}, {"adaptation", adaptation}},
                               MatrixXd::Zero(5, 4), 500, 4000);
  INFO(metric << ", " << adaptation);
  for (Index i = 0; i < 5; ++i) {
    const double m = target.mean()[i];
    const auto mean = average(chains, 500, [&](const auto& z) { return z[i]; });
    REQUIRE(std::abs(mean.mean - m) < 4 * mean.mcse);
    REQUIRE(mean.mcse < 0.05 * target.sd()[i]);
    for (Index j = 0; j <= i; ++j) {
      const auto product = average(
          chains, 500, [&](const auto& z) { return (z[i] - m) * (z[j] - target.mean()[j]); });
      REQUIRE(std::abs(product.mean - target.covariance()(i, j)) < 4 * product.mcse);
    }
  }
}

TEST_CASE("NUTS has the moments of a skewed target of varying scale") {
  MildFunnel target;
  const Chains chains =
      sample(target, "nuts", {{"target_acceptance", 0.9}}, MatrixXd::Zero(2, 4), 500, 10000);
  const auto v = average(chains, 500, [](const auto& z) { return z[0]; });
  const auto v2 = average(chains, 500, [](const auto& z) { return z[0] * z[0]; });
  const auto x2 = average(chains, 500, [](const auto& z) { return z[1] * z[1]; });
  REQUIRE(std::abs(v.mean) < 4 * v.mcse);
  REQUIRE(std::abs(v2.mean - 1) < 4 * v2.mcse);
  REQUIRE(std::abs(x2.mean - std::exp(0.5)) < 4 * x2.mcse);
  REQUIRE(v.mcse < 0.05);
}

TEST_CASE("NUTS has the posterior means of the eight schools") {
  const std::string adaptation = GENERATE("variance", "fisher");
  const auto schools = model("eight_schools");
  Chains chains =
      sample(*schools, "nuts", {{"adaptation", adaptation}}, MatrixXd::Zero(10, 4), 1000, 5000);
  const Reference::Moments known = *schools->reference()->moments();
  MatrixXd x(known.mean.size(), 4);
  for (MatrixXd& z : chains.z) {
    schools->density()->constrain(z, x);
    z = x;
  }
  for (Index i = 0; i < x.rows(); ++i) {
    const auto mean = average(chains, 1000, [&](const auto& draw) { return draw[i]; });
    INFO(adaptation << ", variable " << i);
    REQUIRE(std::abs(mean.mean - known.mean[i]) <
            4 * std::hypot(mean.mcse, known.mean_standard_error[i]));
    REQUIRE(mean.mcse < 0.05 * known.sd[i]);
  }
}

TEST_CASE("On independent normals the Fisher metric is exact after one short window") {
  // sqrt(var(z) / var(-z / s^2)) = s^2 for any draws: paths are then those of a standard normal.
  VectorXd sd(6);
  sd << 1e-3, 1e-2, 0.1, 10, 100, 1000;
  GaussianTarget target(VectorXd::Zero(6), sd.cwiseAbs2().asDiagonal());
  const Chains chains = sample(target, "nuts", {{"adaptation", std::string("fisher")}},
                               MatrixXd::Constant(6, 2, 1e-3), 100, 200);
  REQUIRE(mean_of(chains, "n_steps", 100) < 8);
}

TEST_CASE("A dense metric follows correlations that a diagonal one cannot") {
  GaussianTarget target = ill_conditioned();
  const auto steps = [&](const std::string& metric) {
    return mean_of(sample(target, "nuts", {{"metric", metric}}, MatrixXd::Zero(5, 4), 500, 500),
                   "n_steps", 500);
  };
  REQUIRE(steps("dense") < 0.6 * steps("diagonal"));
}

TEST_CASE("A chain of NUTS is the same bits in any block, whatever the model's arithmetic") {
  const auto regression = model("logistic_regression");
  const Index d = regression->density()->dimension();
  const MatrixXd starts = MatrixXd::Constant(d, 4, 0.1);
  const Chains block = sample(*regression, "nuts", {}, starts, 40, 10);
  for (Index c = 0; c < 4; ++c) {
    const Chains alone = sample(*regression, "nuts", {}, starts.col(c), 40, 10, c);
    for (std::size_t i = 0; i < block.z.size(); ++i)
      REQUIRE(block.z[i].col(c) == alone.z[i].col(0));
  }
}

TEST_CASE("An unstable step of NUTS is reported as diverging and the chain stays") {
  GaussianTarget target(VectorXd::Zero(1), MatrixXd::Constant(1, 1, 1e-8));
  const Chains chain =
      sample(target, "nuts", {{"step_size", 0.5}}, MatrixXd::Constant(1, 3, 1e-3), 0, 10);
  for (std::size_t i = 0; i < 10; ++i) {
    REQUIRE(chain.statistics[i].row(chain.field("diverging")).minCoeff() == 1);
    REQUIRE(chain.statistics[i].row(chain.field("n_steps")).maxCoeff() == 1);
    REQUIRE(chain.z[i] == MatrixXd::Constant(1, 3, 1e-3));
  }
}

TEST_CASE("NUTS says where its path diverged") {
  // The first step alone is too large: forward or backward in time from the start.
  const double variance = 1e-8, step = 0.5, start = 1e-3;
  GaussianTarget target(VectorXd::Zero(1), MatrixXd::Constant(1, 1, variance));
  const auto moves = sampler("nuts", target, 1, 0, 1, {{"step_size", step}});
  std::vector<RandomStream> streams{stream(1)};
  MatrixXd z = MatrixXd::Constant(1, 1, start), statistics(Index(moves->statistics().size()), 1);
  VectorXd log_density(1), weights(1);
  target.log_density(z, log_density);
  Transition t{0, false, streams, z, log_density, statistics, weights, 0};
  moves->transition(t);
  const double p = stream(1).normal(), pull = 0.5 * step * step * start / variance;
  REQUIRE(z(0, 0) == start);
  REQUIRE(moves->divergence(0).size() == 1);
  const double at = moves->divergence(0)[0];
  const double forward = start - pull + step * p, backward = start - pull - step * p;
  REQUIRE(std::fmin(std::abs(at - forward), std::abs(at - backward)) < 1e-9 * std::abs(pull));
}

TEST_CASE("A target without a finite integral is refused with the reason") {
  Flat target;
  REQUIRE_THROWS_WITH(sample(target, "nuts", {}, MatrixXd::Zero(1, 1), 100, 100),
                      Catch::Contains("no finite integral"));
}

TEST_CASE("From draws and gradients a correlated Gaussian's metric is exact after one window") {
  // Gradients of a normal are -P (z - m): the matrix S with S cov(gradients) S = cov(draws) is the
  // covariance for any draws that span the space, and paths are those of a standard normal.
  const std::string metric = GENERATE("dense", "low_rank");
  GaussianTarget target = ill_conditioned();
  const Chains chains =
      sample(target, "nuts", {{"metric", metric}, {"adaptation", std::string("fisher")}},
             MatrixXd::Constant(5, 2, 0.5), 100, 200);
  REQUIRE(mean_of(chains, "n_steps", 100) < 8);
}

TEST_CASE("A low-rank metric finds a few narrow and wide directions among many dimensions") {
  // 60 dimensions of variance 1 but for three directions along no axis, and windows with fewer
  // draws than dimensions.
  constexpr Index d = 60;
  MatrixXd axes(d, 3);
  stream(41).fill_normal(axes);
  axes = axes.householderQr().householderQ() * MatrixXd::Identity(d, 3);
  const Eigen::Vector3d variances(100, 25, 0.04);
  const MatrixXd covariance =
      MatrixXd::Identity(d, d) +
      axes * (variances - Eigen::Vector3d::Ones()).asDiagonal() * axes.transpose();
  GaussianTarget target(VectorXd::Zero(d), covariance);
  const auto cost = [&](const std::string& metric, const std::string& adaptation,
                        std::int64_t rank) {
    const Chains chains =
        sample(target, "nuts", {{"metric", metric}, {"adaptation", adaptation}, {"rank", rank}},
               MatrixXd::Zero(d, 2), 300, 400);
    const auto along =
        average(chains, 300, [&](const auto& z) { return std::pow(z.dot(axes.col(0)), 2); });
    REQUIRE(std::abs(along.mean - 100) < 4 * along.mcse);
    return mean_of(chains, "n_steps", 300);
  };
  const double diagonal = cost("diagonal", "fisher", 1);
  REQUIRE(cost("low_rank", "fisher", 10) < 0.5 * diagonal);
  REQUIRE(cost("low_rank", "variance", 10) < diagonal);
  // One direction of three leaves the others to be followed.
  REQUIRE(cost("low_rank", "fisher", 1) > 1.5 * cost("low_rank", "fisher", 10));
}

TEST_CASE("A coordinate that cannot move breaks no metric") {
  // -inf anywhere but on the line z_1 = 0.5: only steps below rounding are accepted.
  class Wall final : public Model, public Density {
   public:
    Density* density() override { return this; }
    Index dimension() const override { return 2; }
    std::vector<Variable> variables() const override { return {{"z", {2}, {}, ""}}; }
    void log_density(Draws z, VectorOut log_p) override {
      for (Index s = 0; s < z.cols(); ++s)
        log_p[s] = z(1, s) == 0.5 ? log_normal(z(0, s), 0, 1) : -INFINITY;
    }
    void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override {
      log_density(z, log_p);
      gradient.setZero();
    }
  } target;
  const std::string metric = GENERATE("diagonal", "dense", "low_rank");
  const std::string adaptation = GENERATE("variance", "fisher");
  const Chains chains = sample(target, "nuts", {{"metric", metric}, {"adaptation", adaptation}},
                               MatrixXd::Constant(2, 1, 0.5), 100, 10);
  for (const MatrixXd& z : chains.z) {
    REQUIRE(z(1, 0) == 0.5);
    REQUIRE(std::isfinite(z(0, 0)));
  }
}
