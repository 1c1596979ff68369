// Every unbiased gradient estimator of the ELBO against quadrature, on every family that allows
// both.

#include <cstdlib>

#include "support/fit.hpp"
#include "support/gradient_estimates.hpp"

using namespace elbow;
using namespace elbow::test;
using Eigen::VectorXd;

namespace agreement_tests {

namespace {

/// log p = 2 u - 6 log(1 + e^u) + 3 v - 6 log(1 + e^v) - u v / 5: skewed and correlated, with tails
/// that Student's t has the moments for; one or two coordinates.
class Skewed final : public Model, public Density {
 public:
  explicit Skewed(Index d) : d_(d) {}
  Density* density() override { return this; }
  Index dimension() const override { return d_; }
  std::vector<Variable> variables() const override { return {{"z", {d_}, {}, ""}}; }
  void log_density(Draws z, VectorOut log_p) override {
    log_density_gradient(z, log_p, unwanted());
  }
  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override {
    for (Index s = 0; s < z.cols(); ++s) {
      log_p[s] = 0;
      for (Index i = 0; i < d_; ++i) {
        const double u = z(i, s), other = d_ == 2 ? z(1 - i, s) : 0;
        log_p[s] += (2 + double(i)) * u - 6 * softplus(u) - 0.1 * u * other;
        if (gradient.size() > 0) gradient(i, s) = 2 + double(i) - 6 * sigmoid(u) - 0.2 * other;
      }
    }
  }

 private:
  Index d_;
};

std::string text(const Variant& variant) {
  std::string all = variant.estimator;
  for (const auto& [name, value] : variant.options)
    if (const auto* chosen = std::get_if<std::string>(&value)) all += " " + name + "=" + *chosen;
  return all;
}

/// Whether a family has what an estimator with these options asks for.
bool suits(const Variant& variant, const Descriptor& family) {
  const Descriptor& plugin = descriptor(Kind::estimator, variant.estimator);
  Ability needs = plugin.needs_of_family;
  for (const Option& option : plugin.options())
    for (const Condition& condition : option.conditions) {
      const auto given = variant.options.find(option.name);
      const std::string value = given == variant.options.end()
                                    ? std::get<std::string>(*option.standard)
                                    : std::get<std::string>(given->second);
      if (condition.value == value) needs = needs | condition.needs_of_family;
    }
  return includes(family.provides, needs);
}

std::vector<Variant> variants() {
  std::vector<Variant> all;
  for (const char* entropy : {"monte_carlo", "closed", "sticking_the_landing"})
    all.push_back({"reparameterized", {{"entropy", std::string(entropy)}}});
  for (const char* baseline : {"leave_one_out", "running_mean"})
    all.push_back({"score_function", {{"baseline", std::string(baseline)}}});
  all.push_back({"renyi", {{"alpha", 1.0}}});
  return all;
}

}  // namespace

// 10^5 draws of each; with ELBOW_LONG_TESTS in the environment 10^6.
TEST_CASE("Unbiased gradient estimators agree with quadrature on every family that allows both") {
  const auto [name, d] = GENERATE(table<std::string, Index>({{"gaussian_mean_field", 1},
                                                             {"gaussian_mean_field", 2},
                                                             {"gaussian_full_rank", 2},
                                                             {"gaussian_low_rank", 2},
                                                             {"student_t_mean_field", 1},
                                                             {"gaussian_mixture", 1},
                                                             {"gaussian_mixture", 2},
                                                             {"planar", 1},
                                                             {"planar", 2},
                                                             {"radial", 1},
                                                             {"radial", 2},
                                                             {"real_nvp", 2},
                                                             {"neural_spline", 1}}));
  Skewed target(d);
  const Descriptor& plugin = descriptor(Kind::family, name);
  if (!includes(plugin.provides, Ability::log_prob)) return;
  OptionMap options = {{"initial_scale", 0.5}};
  if (name == "real_nvp" || name == "neural_spline") {  // small: a grid has many points
    options["layers"] = std::int64_t(2);
    options["hidden"] = VectorXd(VectorXd::Constant(1, 8));
  }
  const auto q = family(name, d, options);
  RandomStream numbers = stream(8, "parameters");
  for (double& x : q->parameters().f64()) x += 0.15 * numbers.normal();

  // Radial maps and splines have kinks, where a grid's error falls with its step only.
  const bool smooth = name != "radial" && name != "neural_spline";
  const Index points = d == 1 ? (smooth ? 12001 : 120001) : (smooth ? 601 : 1201);
  const auto oracle = estimator("quadrature", target, &*q,
                                {{"rule", std::string("leibniz")},
                                 {"points", std::int64_t(points)},
                                 {"lower", d == 1 ? -60.0 : -9.0},
                                 {"upper", d == 1 ? 60.0 : 9.0}});
  Gradient gradient(q->parameters());
  const GradientOut out = gradient.out();
  VectorXd trace(2), expected(1 + gradient.f64().size());
  Fit step{target, &*q, nullptr, 0, stream(1), {}};
  expected[0] = oracle->gradient_estimator()->value_and_gradient(step, {&out, 1}, trace);
  expected.tail(gradient.f64().size()) = gradient.f64();
  REQUIRE(trace[0] == Approx(1).margin(1e-4));

  for (const Variant& variant : variants()) {
    if (!suits(variant, plugin)) continue;
    const Index blocks = std::getenv("ELBOW_LONG_TESTS") ? 1000 : 100;
    const Estimates found = estimates(variant, target, *q, 1000, blocks);
    INFO(name << " in " << d << ", " << text(variant));
    INFO("found\n" << found.mean.transpose() << "\nexpected\n" << expected.transpose());
    for (Index i = 0; i < expected.size(); ++i)
      REQUIRE(std::abs(found.mean[i] - expected[i]) < 5 * found.standard_error[i] + 1e-5);
  }
}

}  // namespace agreement_tests
