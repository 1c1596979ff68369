#include "support/plugin_under_test.hpp"

using namespace elbow;
using namespace elbow::test;
using Eigen::VectorXd;

namespace {

OptionMap with(std::string schedule, std::string averaging, OptionMap more = {}) {
  more.emplace("schedule", std::move(schedule));
  more.emplace("averaging", std::move(averaging));
  return more;
}

/// The step sizes of the first n steps.
std::vector<double> step_sizes(OptionMap options, Index iterations, Index n) {
  Parameters x;
  x.add("x", 1);
  Parameters* const all[] = {&x};
  const auto moves = optimizer("sgd", all, std::move(options), iterations);
  const Gradient zero(x);
  const Gradient* const gradients[] = {&zero};
  std::vector<double> sizes;
  for (Index i = 0; i < n; ++i) {
    moves->step(gradients);
    sizes.push_back(moves->step_size());
  }
  return sizes;
}

/// Kingma & Ba 2015, algorithm 1, for one number; uphill.
struct ScalarAdam {
  double alpha, beta1 = 0.9, beta2 = 0.99, epsilon = 1e-8;
  double m = 0, v = 0, x = 0;
  int t = 0;
  void step(double g) {
    ++t;
    m = beta1 * m + (1 - beta1) * g;
    v = beta2 * v + (1 - beta2) * g * g;
    const double m_hat = m / (1 - std::pow(beta1, t)), v_hat = v / (1 - std::pow(beta2, t));
    x += alpha * m_hat / (std::sqrt(v_hat) + epsilon);
  }
};

/// Iterates of one number in float64 and the same in float32 under the gradients g_1, g_2, ...
struct Run {
  std::vector<double> f64, f64_estimate;
  std::vector<float> f32, f32_estimate;
};
Run run(const std::string& name, OptionMap options, const std::vector<double>& gradients,
        Index iterations = 0) {
  Parameters x;
  const auto wide = x.add("wide", 3);
  const auto narrow = x.add_f32("narrow", 5);
  Parameters* const all[] = {&x};
  const auto moves = optimizer(name, all, std::move(options), iterations);
  Gradient gradient(x);
  const Gradient* const views[] = {&gradient};
  Run out;
  VectorXd f64(3);
  Eigen::VectorXf f32(5);
  for (const double g : gradients) {
    gradient.f64().setConstant(g);
    gradient.f32().setConstant(float(g));
    moves->step(views);
    moves->estimate(0, f64, f32);
    out.f64.push_back(x.vector(wide)[2]);
    out.f32.push_back(x.vector(narrow)[4]);
    out.f64_estimate.push_back(f64[2]);
    out.f32_estimate.push_back(f32[4]);
  }
  return out;
}

std::vector<double> random_gradients(Index n) {
  std::vector<double> out(static_cast<std::size_t>(n));
  RandomStream numbers = stream(4);
  for (double& g : out) g = 3 * numbers.normal() + 1;
  return out;
}

/// Maximises -1/2 sum h_i (x_i - 1)^2 with exact gradients. @return the largest error
double quadratic(const std::string& name, OptionMap options, const VectorXd& h, Index iterations) {
  Parameters x;
  const auto id = x.add("x", h.size());
  Parameters* const all[] = {&x};
  const auto moves = optimizer(name, all, std::move(options), iterations);
  Gradient gradient(x);
  const Gradient* const views[] = {&gradient};
  for (Index i = 0; i < iterations; ++i) {
    gradient.f64() = h.array() * (1 - x.vector(id).array());
    moves->step(views);
  }
  return (x.vector(id).array() - 1).abs().maxCoeff();
}

}  // namespace

TEST_CASE("Adam's iterates are those of its paper") {
  const std::vector<double> gradients = random_gradients(200);
  const Run found = run("adam", with("constant", "none", {{"learning_rate", 0.02}}), gradients);
  ScalarAdam expected{.alpha = 0.02};
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    expected.step(gradients[i]);
    REQUIRE(found.f64[i] == Approx(expected.x).epsilon(1e-12));
  }
}

TEST_CASE("Adam's options are the paper's constants") {
  const std::vector<double> gradients = random_gradients(50);
  const Run found =
      run("adam",
          with("constant", "none",
               {{"learning_rate", 0.5}, {"beta1", 0.5}, {"beta2", 0.7}, {"epsilon", 0.25}}),
          gradients);
  ScalarAdam expected{.alpha = 0.5, .beta1 = 0.5, .beta2 = 0.7, .epsilon = 0.25};
  for (std::size_t i = 0; i < gradients.size(); ++i) expected.step(gradients[i]);
  REQUIRE(found.f64.back() == Approx(expected.x).epsilon(1e-12));
}

TEST_CASE("Adam's first step has the length of the learning rate whatever the gradient's size") {
  const double g = GENERATE(1e-4, 1.0, -1e6);
  const Run found = run("adam", with("constant", "none", {{"learning_rate", 0.3}}), {g});
  REQUIRE(found.f64[0] == Approx(std::copysign(0.3, g)).epsilon(1e-3));
}

TEST_CASE("Momentum and Nesterov's momentum follow their recursions") {
  const bool nesterov = GENERATE(false, true);
  const std::vector<double> gradients = random_gradients(50);
  const Run found = run("sgd",
                        with("constant", "none",
                             {{"learning_rate", 0.01}, {"momentum", 0.8}, {"nesterov", nesterov}}),
                        gradients);
  double x = 0, v = 0;
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    v = 0.8 * v + gradients[i];
    x += 0.01 * (nesterov ? gradients[i] + 0.8 * v : v);
    REQUIRE(found.f64[i] == Approx(x).epsilon(1e-12));
  }
}

TEST_CASE("Blocks of float32 follow those of float64 up to rounding") {
  const std::string name = GENERATE("adam", "sgd");
  const std::string averaging = GENERATE("none", "polynomial", "suffix");
  const Run found = run(name, with("linear", averaging), random_gradients(100), 100);
  for (std::size_t i = 0; i < found.f64.size(); ++i) {
    REQUIRE(double(found.f32[i]) == Approx(found.f64[i]).epsilon(1e-4).margin(1e-5));
    REQUIRE(double(found.f32_estimate[i]) ==
            Approx(found.f64_estimate[i]).epsilon(1e-4).margin(1e-5));
  }
}

TEST_CASE("Schedules have their formulas' values") {
  const OptionMap eta = {{"learning_rate", 2.0}};
  SECTION("constant") {
    for (const double size : step_sizes(with("constant", "none", eta), 4, 6)) REQUIRE(size == 2);
  }
  SECTION("polynomial is eta (t + tau)^-kappa from t = 0") {
    OptionMap options = eta;
    options["decay_exponent"] = 0.75;
    options["decay_offset"] = 3.0;
    const auto sizes = step_sizes(with("polynomial", "none", options), 0, 5);
    for (int t = 0; t < 5; ++t) REQUIRE(sizes[t] == Approx(2 * std::pow(t + 3, -0.75)));
  }
  SECTION("linear falls to zero at the budget's end and stays there") {
    const auto sizes = step_sizes(with("linear", "none", eta), 4, 6);
    const std::vector<double> expected = {2, 1.5, 1, 0.5, 0, 0};
    REQUIRE(sizes == expected);
  }
  SECTION("cosine falls to zero at the budget's end and stays there") {
    const auto sizes = step_sizes(with("cosine", "none", eta), 4, 6);
    const double root = std::sqrt(0.5);
    const std::vector<double> expected = {2, 1 + root, 1, 1 - root, 0, 0};
    for (int t = 0; t < 6; ++t) REQUIRE(sizes[t] == Approx(expected[t]).margin(1e-15));
  }
  SECTION("automatic is cosine with a budget and polynomial without") {
    REQUIRE(step_sizes(with("automatic", "none", eta), 9, 9) ==
            step_sizes(with("cosine", "none", eta), 9, 9));
    REQUIRE(step_sizes(with("automatic", "none", eta), 0, 9) ==
            step_sizes(with("polynomial", "none", eta), 0, 9));
  }
  SECTION("automatic is constant where the host lowers the step size") {
    Parameters x;
    x.add("x", 1);
    Parameters* const all[] = {&x};
    const Options resolved = resolve(descriptor(Kind::optimizer, "sgd"), {{"learning_rate", 2.0}});
    const auto moves = descriptor(Kind::optimizer, "sgd").make_optimizer({resolved, all, 10, true});
    const Gradient zero(x);
    const Gradient* const gradients[] = {&zero};
    for (int i = 0; i < 10; ++i) {
      moves->step(gradients);
      REQUIRE(moves->step_size() == 2);
    }
  }
  SECTION("a warm-up multiplies by (t + 1) / W") {
    OptionMap options = eta;
    options["warmup_iterations"] = std::int64_t(4);
    const auto sizes = step_sizes(with("constant", "none", options), 0, 6);
    REQUIRE(sizes == std::vector<double>{0.5, 1, 1.5, 2, 2, 2});
  }
}

TEST_CASE("What needs a budget of iterations is refused without one") {
  Parameters x;
  x.add("x", 1);
  Parameters* const all[] = {&x};
  REQUIRE_THROWS_AS(optimizer("adam", all, with("linear", "none")), OptionError);
  REQUIRE_THROWS_AS(optimizer("adam", all, with("cosine", "none")), OptionError);
  REQUIRE_THROWS_AS(optimizer("adam", all, with("constant", "suffix")), OptionError);
  REQUIRE_NOTHROW(optimizer("adam", all, with("polynomial", "polynomial")));
}

TEST_CASE("Averages of the iterates have their formulas' values") {
  const std::vector<double> gradients = random_gradients(40);
  SECTION("none is the current iterate") {
    const Run found = run("sgd", with("constant", "none"), gradients);
    REQUIRE(found.f64_estimate == found.f64);
  }
  SECTION("power 0 is the mean of all iterates") {
    const Run found =
        run("sgd", with("constant", "polynomial", {{"averaging_power", 0.0}}), gradients);
    double sum = 0;
    for (std::size_t i = 0; i < gradients.size(); ++i) {
      sum += found.f64[i];
      REQUIRE(found.f64_estimate[i] == Approx(sum / double(i + 1)).epsilon(1e-12));
    }
  }
  SECTION("power 1 weighs iterate s by s") {
    const Run found =
        run("sgd", with("constant", "polynomial", {{"averaging_power", 1.0}}), gradients);
    double sum = 0, weights = 0;
    for (std::size_t i = 0; i < gradients.size(); ++i) {
      sum += double(i + 1) * found.f64[i];
      weights += double(i + 1);
      REQUIRE(found.f64_estimate[i] == Approx(sum / weights).epsilon(1e-12));
    }
  }
  SECTION("suffix is the mean of the budget's last iterates") {
    const Run found =
        run("sgd", with("constant", "suffix", {{"averaging_fraction", 0.25}}), gradients, 40);
    double sum = 0;
    for (std::size_t i = 0; i < 40; ++i) {
      if (i < 30) {
        REQUIRE(found.f64_estimate[i] == found.f64[i]);
        continue;
      }
      sum += found.f64[i];
      REQUIRE(found.f64_estimate[i] == Approx(sum / double(i - 29)).epsilon(1e-12));
    }
  }
}

TEST_CASE("Gradients longer than clip_norm are scaled down to it, over all blocks together") {
  Parameters x, y;
  const auto a = x.add("a", 1);
  const auto b = y.add_f32("b", 1);
  Parameters* const all[] = {&x, &y};
  Gradient gx(x), gy(y);
  const Gradient* const views[] = {&gx, &gy};
  const auto moves = optimizer(
      "sgd", all,
      with("constant", "none", {{"learning_rate", 1.0}, {"momentum", 0.0}, {"clip_norm", 1.0}}));
  gx.f64()[0] = 3;
  gy.f32()[0] = 4;
  moves->step(views);
  REQUIRE(x.vector(a)[0] == Approx(0.6));
  REQUIRE(y.vector(b)[0] == Approx(0.8f));
  gx.f64()[0] = 0.3;
  gy.f32()[0] = 0.4f;
  moves->step(views);
  REQUIRE(x.vector(a)[0] == Approx(0.9));
  REQUIRE(y.vector(b)[0] == Approx(1.2f));
}

TEST_CASE("Optimizers reach the maximum of a quadratic") {
  const VectorXd h = (VectorXd(3) << 0.5, 2, 50).finished();
  REQUIRE(quadratic("adam", with("cosine", "none"), h, 2000) < 1e-6);
  REQUIRE(quadratic("sgd", with("constant", "none", {{"learning_rate", 0.01}}), h, 5000) < 1e-6);
  REQUIRE(quadratic("sgd", with("constant", "none", {{"learning_rate", 0.01}, {"nesterov", true}}),
                    h, 5000) < 1e-6);
  REQUIRE(quadratic("sgd", with("constant", "none", {{"learning_rate", 0.03}, {"momentum", 0.0}}),
                    h, 5000) < 1e-6);
}

TEST_CASE("An optimizer's step size is NaN before its first step") {
  Parameters x;
  x.add("x", 1);
  Parameters* const all[] = {&x};
  REQUIRE(std::isnan(optimizer("adam", all)->step_size()));
}
