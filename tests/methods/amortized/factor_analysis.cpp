#include <Eigen/Eigenvalues>

#include "support.hpp"

using namespace elbow;
using namespace elbow::test;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

OptionMap small(const std::string& noise, const std::string& start, std::int64_t factors = 2) {
  return {{"train", std::int64_t(120)}, {"test", std::int64_t(60)}, {"pixels", std::int64_t(6)},
          {"factors", factors},         {"noise", noise},           {"start", start}};
}

/// A model at its maximum-likelihood parameters, with an encoder that is its exact posterior.
struct Exact {
  explicit Exact(const std::string& noise)
      : target(model("factor_analysis", small(noise, "maximum_likelihood"))),
        items(*target->latent_items()),
        q(family("amortized_gaussian", 2, {{"hidden", no_hidden_layers()}}, 1, 6)) {
    make_posterior(q->parameters(), items.parameters());
  }
  Built<Model> target;
  LatentItems& items;
  Built<Family> q;
};

}  // namespace

TEST_CASE("No parameters of factor analysis have more evidence than those of maximum likelihood") {
  const std::string noise = GENERATE("isotropic", "diagonal");
  const auto target = model("factor_analysis", small(noise, "maximum_likelihood"));
  LatentItems& items = *target->latent_items();
  const double best = items.known_evidence()->maximum();
  REQUIRE(mean_evidence(items, Split::train) == Approx(best).epsilon(1e-9));
  const VectorXd start = items.parameters().f64();
  for (std::uint64_t k = 0; k < 20; ++k) {
    items.parameters().f64() = start + 0.02 * direction(start.size(), k);
    REQUIRE(mean_evidence(items, Split::train) < best);
  }
}

TEST_CASE("Probabilistic PCA's largest evidence is Tipping and Bishop's closed form") {
  const auto target = model("factor_analysis", small("isotropic", "random"));
  LatentItems& items = *target->latent_items();
  std::vector<Index> all(120);
  std::iota(all.begin(), all.end(), Index(0));
  items.use_items(Split::train, all, stream(1));
  MatrixXd x(6, 120);
  items.values(x);
  x.colwise() -= x.rowwise().mean().eval();
  const VectorXd l =
      Eigen::SelfAdjointEigenSolver<MatrixXd>(x * x.transpose() / 120.0).eigenvalues();
  const double left = l.head(4).mean();
  const double expected =
      -0.5 * (6 * log_2pi + l.tail(2).array().log().sum() + 4 * std::log(left) + 6);
  REQUIRE(items.known_evidence()->maximum() == Approx(expected).epsilon(1e-10));
}

TEST_CASE("The ELBO of the optimal linear encoder is the evidence, draw by draw") {
  const std::string noise = GENERATE("isotropic", "diagonal");
  Exact exact(noise);
  const double evidence = mean_evidence(exact.items, Split::train);
  // log p(x, z) - log q(z | x) is log p(x) at every z, so that no bound has noise.
  for (const std::string kl : {"monte_carlo", "sticking_the_landing"}) {
    const auto elbo = estimator("amortized_elbo", *exact.target, &*exact.q, {{"kl", kl}});
    REQUIRE(Measured(*elbo).value(*exact.target, *exact.q, 1, {}) == Approx(evidence).margin(2e-4));
  }
  for (const std::string gradient : {"standard", "doubly_reparameterized", "vimco"}) {
    const auto bound = estimator("importance_weighted", *exact.target, &*exact.q,
                                 {{"gradient", gradient}, {"draws", std::int64_t(3)}});
    REQUIRE(Measured(*bound).value(*exact.target, *exact.q, 1, {}) ==
            Approx(evidence).margin(2e-4));
  }
  const auto closed =
      estimator("amortized_elbo", *exact.target, &*exact.q, {{"draws", std::int64_t(2000)}});
  REQUIRE(Measured(*closed).value(*exact.target, *exact.q, 1, {}) == Approx(evidence).margin(0.02));
}

TEST_CASE("At the maximum of the evidence with exact posteriors no gradient is left") {
  Exact exact("diagonal");
  // Gradients to phi without noise where q is the posterior, and to theta where evidence is
  // largest.
  for (const auto& [name, options] : std::vector<std::pair<std::string, OptionMap>>{
           {"amortized_elbo",
            {{"kl", std::string("sticking_the_landing")}, {"draws", std::int64_t(500)}}},
           {"importance_weighted",
            {{"gradient", std::string("doubly_reparameterized")}, {"draws", std::int64_t(500)}}}}) {
    const auto method = estimator(name, *exact.target, &*exact.q, options);
    Measured measured(*method);
    measured.value(*exact.target, *exact.q, 1, {});
    const Index phi = exact.q->parameters().size();
    VectorXd u = VectorXd::Zero(measured.size());
    u.head(phi) = direction(phi, 3);
    INFO(name);
    REQUIRE(std::abs(measured.slope(u)) < 1e-3);
    u.setZero();
    u.tail(measured.size() - phi) = direction(measured.size() - phi, 4);
    REQUIRE(std::abs(measured.slope(u)) < 0.02);
  }
}

TEST_CASE("All unbiased gradients of the ELBO have the exact gradient as their mean") {
  const auto target = model("factor_analysis", small("isotropic", "random"));
  LatentItems& items = *target->latent_items();
  const auto q = family("amortized_gaussian", 2, {{"hidden", no_hidden_layers()}}, 1, 6);
  std::vector<Index> batch = {0, 1, 2, 3, 4};
  // E_q log p(x | z) = log N(x; b + W m, s^2 I) - tr(W S W') / (2 s^2), by Gauss' own moments.
  const auto exact = [&] {
    items.use_items(Split::train, batch, stream(1));
    q->conditional()->bind(items.features(), 1);
    const MatrixXd means = q->diagonal_gaussian()->means();
    const MatrixXd log_sds = q->diagonal_gaussian()->log_sds();
    VectorXd likelihood(5), prior(5);
    items.log_joint(means, likelihood, prior);
    const VectorXd theta = items.parameters().f64();
    const Eigen::Map<const MatrixXd> w(theta.data(), 6, 2);
    const double precision = std::exp(-2 * theta[theta.size() - 1]);
    double sum = 0;
    for (Index b = 0; b < 5; ++b) {
      const Eigen::ArrayXd variance = (2 * log_sds.col(b).array()).exp();
      sum += likelihood[b] + prior[b] -
             0.5 * precision * (w.colwise().squaredNorm().transpose().array() * variance).sum() -
             0.5 * variance.sum() + log_sds.col(b).sum() + 1 + log_2pi;
    }
    return sum / 5;
  };
  const auto [name, options] = GENERATE(table<std::string, OptionMap>(
      {{"amortized_elbo", {{"kl", std::string("closed")}}},
       {"amortized_elbo", {{"kl", std::string("monte_carlo")}}},
       {"amortized_elbo", {{"kl", std::string("sticking_the_landing")}}},
       {"importance_weighted", {{"draws", std::int64_t(1)}}},
       {"importance_weighted",
        {{"draws", std::int64_t(1)}, {"gradient", std::string("doubly_reparameterized")}}}}));
  const auto method = estimator(name, *target, &*q, options);
  Measured measured(*method);
  const VectorXd u = direction(measured.size(), 5);
  const double step = 0.02;
  measured.move(u, step);
  const double up = exact();
  measured.move(u, -2 * step);
  const double down = exact();
  measured.move(u, step);
  const double expected = (up - down) / (2 * step);
  constexpr Index runs = 4000;
  VectorXd slopes(runs);
  for (Index r = 0; r < runs; ++r) {
    measured.value(*target, *q, std::uint64_t(r), batch);
    slopes[r] = measured.slope(u);
  }
  const double error =
      std::sqrt((slopes.array() - slopes.mean()).square().sum() / (runs - 1.0) / runs);
  INFO(name << ": mean " << slopes.mean() << ", exact " << expected << ", error " << error);
  REQUIRE(std::abs(slopes.mean() - expected) < 5 * error + 2e-3 * std::abs(expected));
}

TEST_CASE("The gradients of the importance-weighted bound have one mean") {
  const auto target = model("factor_analysis", small("isotropic", "random"));
  const auto q = family("amortized_gaussian", 2, {{"hidden", no_hidden_layers()}}, 1, 6);
  const std::vector<Index> batch = {0, 1, 2};
  std::vector<Estimate> means;
  for (const std::string gradient : {"standard", "doubly_reparameterized", "vimco"}) {
    const auto method = estimator("importance_weighted", *target, &*q,
                                  {{"draws", std::int64_t(4)}, {"gradient", gradient}});
    Measured measured(*method);
    const VectorXd u = direction(measured.size(), 6);
    constexpr Index runs = 6000;
    VectorXd slopes(runs);
    for (Index r = 0; r < runs; ++r) {
      measured.value(*target, *q, std::uint64_t(r), batch);
      slopes[r] = measured.slope(u);
    }
    means.push_back({slopes.mean(), std::sqrt((slopes.array() - slopes.mean()).square().sum() /
                                              (runs - 1.0) / runs)});
  }
  for (std::size_t k = 1; k < means.size(); ++k) {
    INFO(means[0].value << " and " << means[k].value);
    REQUIRE(std::abs(means[k].value - means[0].value) <
            5 * std::hypot(means[k].standard_error, means[0].standard_error));
  }
}

TEST_CASE("Wake-sleep stands still where the model is right and q its posterior") {
  // Dreams come from the model, and q is their exact posterior: the score has mean zero.
  Exact exact("isotropic");
  const auto method = estimator("wake_sleep", *exact.target, &*exact.q);
  Measured measured(*method);
  const Index phi = exact.q->parameters().size();
  VectorXd u = VectorXd::Zero(measured.size());
  u.head(phi) = direction(phi, 8);
  constexpr Index runs = 400;
  VectorXd slopes(runs);
  for (Index r = 0; r < runs; ++r) {
    measured.value(*exact.target, *exact.q, std::uint64_t(r), {});
    slopes[r] = measured.slope(u);
  }
  const double error =
      std::sqrt((slopes.array() - slopes.mean()).square().sum() / (runs - 1.0) / runs);
  REQUIRE(std::abs(slopes.mean()) < 5 * error);
  REQUIRE(error > 0);
}

TEST_CASE("A fit of factor analysis reaches its largest evidence within 0.1 nats per item") {
  // Wake-sleep asks q to cover the posterior, and does not turn the factors until it is within the
  // family: with one factor it always is.
  const auto [name, options, factors] = GENERATE(table<std::string, OptionMap, Index>(
      {{"amortized_elbo", {}, 2},
       {"importance_weighted", {{"draws", std::int64_t(5)}}, 2},
       {"wake_sleep", {}, 1},
       {"wake_sleep", {{"draws", std::int64_t(10)}, {"recognition", std::string("both")}}, 1}}));
  const std::string noise = GENERATE("isotropic", "diagonal");
  constexpr Index iterations = 3000;
  const auto target = model("factor_analysis", small(noise, "random", factors));
  LatentItems& items = *target->latent_items();
  const auto q = family("amortized_gaussian", factors, {{"hidden", no_hidden_layers()}}, 1, 6);
  const auto method = estimator(name, *target, &*q, options);
  const auto moves = optimizer("adam", method->trained(), {{"learning_rate", 0.01}}, iterations);
  VectorXd trace(Index(method->trace_fields().size()));
  for (Index i = 0; i < iterations; ++i) {
    Fit fit{*target, &*q, &*moves, i, stream(2, "fit").substream(std::uint64_t(i)), {}};
    REQUIRE(method->step(fit, trace) == Progress::going);
  }
  const double gap = items.known_evidence()->maximum() - mean_evidence(items, Split::train);
  INFO(name << ", " << noise << ": " << gap << " nats per item below the maximum");
  REQUIRE(gap > -1e-9);
  REQUIRE(gap < 0.1);
}

TEST_CASE("Factor analysis of some pixels has the evidence of these alone") {
  OptionMap options = small("diagonal", "random");
  options["observed"] = VectorXd((VectorXd(6) << 1, 0, 1, 1, 0, 1).finished());
  const auto target = model("factor_analysis", options);
  LatentItems& items = *target->latent_items();
  // By importance sampling from the prior, which knows the joint density only.
  const std::vector<Index> one = {0};
  items.use_items(Split::train, one, stream(1));
  VectorXd exact(1);
  items.known_evidence()->item_log_evidence(exact);
  constexpr Index draws = 40000;
  MatrixXd z(2, draws);
  RandomStream numbers = stream(4, "prior");
  numbers.fill_normal(z);
  VectorXd likelihood(draws);
  items.log_joint(z, likelihood, unwanted_vector());
  const VectorXd w = (likelihood.array() - likelihood.maxCoeff()).exp();
  const double error =
      std::sqrt((w.array() - w.mean()).square().sum() / draws / (draws - 1.0)) / w.mean();
  REQUIRE(std::abs(log_mean_exp(likelihood) - exact[0]) < 5 * error);
  REQUIRE(items.features()(1, 0) == 0);
  REQUIRE(items.observed().sum() == 4);
  options["observed"] = VectorXd((VectorXd(6) << 1, 0, 0.5, 1, 0, 1).finished());
  REQUIRE(refusal("factor_analysis", options) == "observed must be 0 or 1 for each pixel");
}
