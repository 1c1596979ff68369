// Cells as inputs of other experiments: trained parameters, and the posterior of chosen items.

#include <Eigen/Cholesky>
#include <catch2/catch.hpp>
#include <cmath>
#include <elbow/math.hpp>
#include <elbow/random.hpp>
#include <functional>
#include <map>

#include "program.hpp"
#include "record/cell_summary.hpp"
#include "record/result_reader.hpp"

using namespace elbow;
using namespace elbow::test;
using Catch::Matchers::Contains;
using Eigen::MatrixXd;
using Eigen::VectorXd;
namespace fs = std::filesystem;

namespace trained_tests {

namespace {

constexpr Index pixels = 6, factors = 2;

/// Parameters of a factor analysis as a cell has stored them.
struct Trained {
  MatrixXd weights{pixels, factors};
  VectorXd bias{pixels};
  double log_sd = -0.3;

  Trained() {
    RandomStream stream(5, 0, "trained");
    stream.fill_normal(weights);
    stream.fill_normal(bias);
  }
};

/// A cell that a run would have left. @return its file
fs::path write_cell(const fs::path& file, const Trained& trained,
                    const Outcome& outcome = {Ending::budget_spent, ""},
                    const std::string& plugin = "factor_analysis", int replicate = 0,
                    const std::string& method = "em",
                    const std::function<void(CellWriter&)>& add = {}) {
  CellWriter writer(file);
  const nlohmann::ordered_json configuration = {
      {"seed", 4},
      {"replicate", replicate},
      {"model", {{"plugin", plugin}, {"options", nlohmann::ordered_json::object()}}},
      {"method", {{"family", {{"plugin", "affine_gaussian"}}}}}};
  writer.attribute("hash", file.stem().string());
  writer.attribute("experiment", std::string("first"));
  writer.attribute("model", plugin);
  writer.attribute("method", method);
  writer.attribute("replicate", std::int64_t{replicate});
  writer.attribute("configuration", configuration.dump());
  writer.attribute("provenance", std::string("{}"));
  const MatrixXd& w = trained.weights;
  writer.array("vi_parameters", {"model.weights", {w.rows(), w.cols()}, {}, ""}, w.reshaped());
  writer.array("vi_parameters", {"model.bias", {trained.bias.size()}, {}, ""}, trained.bias);
  writer.array("vi_parameters", {"model.log_sd", {1}, {}, ""},
               VectorXd::Constant(1, trained.log_sd));
  if (add) add(writer);
  writer.outcome(outcome);
  writer.commit();
  return file;
}

std::string model_block(const std::string& more) {
  return "[[model]]\nplugin = \"factor_analysis\"\npixels = 6\ntrain = 12\ntest = 4\n" + more;
}

const std::string hmc = "[[method]]\nname = \"hmc\"\nsampler = \"hmc\"\n";

Ended run(const Workplace& place, const std::string& verb = "run") {
  return elbow::test::elbow(place.folder(), {verb, "a.toml"}, ELBOW_TEST_PLUGINS);
}

std::map<std::string, CellSummary> cells_of(const fs::path& results) {
  std::map<std::string, CellSummary> cells;
  for (CellSummary& cell : read_index(results)) cells.emplace(cell.method, cell);
  return cells;
}

/// The items that a cell has stored. [pixels x count]
MatrixXd chosen_items(const fs::path& cell, Index count) {
  MatrixXd x(pixels, count);
  for (const NamedNumber& number : read_numbers(cell, "observed_data"))
    for (Index item = 0; item < count; ++item)
      for (Index pixel = 0; pixel < pixels; ++pixel)
        if (number.name == "x[" + std::to_string(item) + ", " + std::to_string(pixel) + "]")
          x(pixel, item) = number.value;
  return x;
}

/// log N(x; 0, W W^T + variance I)
double log_normal_density(const VectorXd& x, const MatrixXd& w, double variance) {
  MatrixXd covariance = w * w.transpose();
  covariance.diagonal().array() += variance;
  const Eigen::LLT<MatrixXd> factor(covariance);
  return -0.5 * (x.dot(factor.solve(x)) + double(x.size()) * log_2pi) -
         factor.matrixLLT().diagonal().array().log().sum();
}

/// Of the observed rows of an item x: the posterior of its latents, its evidence, and the second
/// moment of p(x | z) over the prior.
struct Exact {
  VectorXd mean;
  MatrixXd covariance;
  double log_evidence, log_second_moment;

  Exact(const Trained& trained, const VectorXd& x, const std::vector<Index>& seen) {
    const MatrixXd w = trained.weights(seen, Eigen::all);
    const VectorXd off = x(seen) - trained.bias(seen);
    const double variance = std::exp(2 * trained.log_sd);
    const MatrixXd precision =
        MatrixXd::Identity(w.cols(), w.cols()) + w.transpose() * w / variance;
    covariance = precision.llt().solve(MatrixXd::Identity(w.cols(), w.cols()));
    mean = covariance * w.transpose() * off / variance;
    log_evidence = log_normal_density(off, w, variance);
    // N(x; W z, v I)^2 = (4 pi v)^(-P/2) N(x; W z, v/2 I)
    log_second_moment = log_normal_density(off, w, variance / 2) -
                        0.5 * double(off.size()) * (log_2pi + std::log(2 * variance));
  }
};

}  // namespace

TEST_CASE("samplers and fits find the exact posterior and evidence of a trained model's items") {
  const bool masked = GENERATE(false, true);
  const Workplace place;
  const Trained trained;
  write_cell(place / "fa.h5", trained);
  place.write("a.toml",
              "seed = 4\n" +
                  model_block("trained = \"fa.h5\"\n"
                              "posterior_of = { items = [3, 1], completions = 5 }\n" +
                              std::string(masked ? "observed = [0, 0, 0, 1, 1, 1]\n" : "")) +
                  R"(
[[method]]
name = "hmc"
sampler = "hmc"
draws = 2000
[[method]]
name = "nuts"
sampler = "nuts"
draws = 2000
[[method]]
name = "ais"
sampler = "annealed_importance_sampling"
chains = 1000
[[method]]
name = "smc"
sampler = "smc"
chains = 1000
[[method]]
name = "prior importance"
sampler = { plugin = "importance", base_sd = 1.0 }
chains = 200000
[[method]]
name = "full rank"
family = "gaussian_full_rank"
estimator = { plugin = "reparameterized", entropy = "sticking_the_landing" }
optimizer = "adam"
stop = { iterations = 4000 }
draws = 4000
)");
  const Ended ended = run(place);
  INFO(ended.output);
  REQUIRE(ended.status == 0);
  const auto cells = cells_of(place / "results/a");
  REQUIRE(cells.size() == 6);

  const std::vector<Index> seen =
      masked ? std::vector<Index>{3, 4, 5} : std::vector<Index>{0, 1, 2, 3, 4, 5};
  const MatrixXd x = chosen_items(place / "results/a" / cells.at("hmc").path, 2);
  const Exact first(trained, x.col(0), seen), second(trained, x.col(1), seen);
  const double log_evidence = first.log_evidence + second.log_evidence;

  for (const auto& [method, cell] : cells) {
    INFO(method);
    const fs::path file = place / "results/a" / cell.path;
    // Both items with five completions of six pixels.
    CHECK(read_numbers(file, "completions").size() == 2 * 5 * 6);
    const Marginals marginals = read_marginals(file, "posterior", 100);
    REQUIRE(marginals.elements.size() == 4);
    // Particles have weights, and those of SMC ancestors in common: their evidence is checked.
    const bool weighted = method == "ais" || method == "smc" || method == "prior importance";
    for (Index item = 0; item < 2 && !weighted; ++item)
      for (Index k = 0; k < factors; ++k) {
        const Exact& exact = item == 0 ? first : second;
        const MarginalMoments& found = marginals.elements[std::size_t(item * factors + k)];
        CHECK(found.name == "z[" + std::to_string(item) + ", " + std::to_string(k) + "]");
        const double sd = std::sqrt(exact.covariance(k, k));
        // A thousand nearly independent draws at least: five standard errors.
        CHECK(std::abs(found.mean - exact.mean[k]) < 5 * sd / std::sqrt(1000));
        CHECK(std::abs(found.sd - sd) < 5 * sd / std::sqrt(2000));
      }
    if (cell.metrics.count("log_evidence_sampler")) {
      const Metric& found = cell.metrics.at("log_evidence_sampler");
      double error = found.mcse;
      if (method == "prior importance") {
        // That of 200,000 weights p(x | z). The sampler may tell none, where their tail is heavy.
        const double log_squares = first.log_second_moment + second.log_second_moment;
        error = std::sqrt(std::expm1(log_squares - 2 * log_evidence) / 2e5);
        CHECK((std::isfinite(found.mcse) || cell.metrics.at("pareto_k").value > 0.5));
      }
      CHECK(std::abs(found.value - log_evidence) < 5 * error + 1e-9);
      CHECK(error < 0.2);
    }
    if (method == "full rank") CHECK(std::abs(cell.metrics.at("elbo").value - log_evidence) < 1e-3);
  }
}

TEST_CASE(
    "annealed importance sampling finds the test log likelihood of a trained autoencoder, also "
    "where its prior is made of its encoder's posteriors") {
  const Workplace place;
  const std::string prior = GENERATE("standard", "mixture");
  const std::string model =
      "seed = 3\n[[model]]\nplugin = \"vae\"\nlatents = 2\nhidden = [8]\nrows = 5\ncolumns = 5\n"
      "train = 200\ntest = 3\nbinarization = \"fixed\"\nprior = \"" +
      prior + "\"\n" + (prior == "mixture" ? "pseudo_inputs = 7\n" : "");
  place.write("vae.toml", model + R"(
[evaluation]
log_likelihood_draws = 2000
[[method]]
name = "elbo"
family = { plugin = "amortized_gaussian", hidden = [8] }
estimator = { plugin = "amortized_elbo", kl = "monte_carlo" }
optimizer = { plugin = "adam", learning_rate = 0.01 }
batch_size = 20
stop = { iterations = 500 }
)");
  place.write("a.toml", model + R"(
trained = { results = "results/vae", method = "elbo" }
posterior_of = { split = "test", items = [0, 1, 2], completions = 0 }
[[method]]
name = "ais"
sampler = "annealed_importance_sampling"
chains = 200
)");
  const Ended trained = elbow::test::elbow(place.folder(), {"run", "vae.toml"}, ELBOW_TEST_PLUGINS);
  INFO(trained.output);
  REQUIRE(trained.status == 0);
  const Ended ended = run(place);
  INFO(ended.output);
  REQUIRE(ended.status == 0);
  const Metric importance =
      cells_of(place / "results/vae").at("elbo").metrics.at("test_log_likelihood");
  const Metric annealed =
      cells_of(place / "results/a").at("ais").metrics.at("log_evidence_sampler");
  // The mean over three images, and their sum.
  CHECK(annealed.mcse < 0.5);
  CHECK(std::abs(3 * importance.value - annealed.value) <
        5 * std::hypot(3 * importance.mcse, annealed.mcse));
}

TEST_CASE(
    "a model starts from the parameters of the cell that `trained` names, by file or by name") {
  const Workplace place;
  const Trained trained;
  const fs::path folder = place / "results/first";
  write_cell(folder / "cells/aa/aa000000000000000000000000000000.h5", trained);
  Trained other;
  other.log_sd = 2;
  write_cell(folder / "cells/bb/bb000000000000000000000000000000.h5", other,
             {Ending::budget_spent, ""}, "factor_analysis", 1);
  const auto planned = [&](const std::string& value) {
    place.write("a.toml", model_block("trained = " + value +
                                      "\nposterior_of = { items = [0], completions = 0 }\n") +
                              "[[method]]\nname = \"is\"\nchains = 10\nsampler = \"importance\"\n");
    const Ended ended = run(place);
    INFO(ended.output);
    REQUIRE(ended.status == 0);
    const auto cells = cells_of(place / "results/a");
    const CellSummary cell = cells.at("is");
    fs::remove_all(place / "results/a");
    return std::pair(cell.hash, cell.metrics.at("log_evidence_sampler").value);
  };
  const auto by_file = planned("\"results/first/cells/aa/aa000000000000000000000000000000.h5\"");
  const auto by_name = planned("{ results = \"results/first\", method = \"em\" }");
  CHECK(by_file == by_name);
  const auto second = planned("{ results = \"results/first\", replicate = 1 }");
  CHECK(second.second != by_file.second);
  // The content is part of the hash, not the name.
  other.log_sd = -0.3;
  write_cell(folder / "cells/bb/bb000000000000000000000000000000.h5", other,
             {Ending::budget_spent, ""}, "factor_analysis", 1);
  const auto changed = planned("{ results = \"results/first\", replicate = 1 }");
  CHECK(changed.first != second.first);
  CHECK(changed.second == by_file.second);
}

TEST_CASE("an encoder that was trained with the model is its family at chosen items") {
  // With one factor an affine encoder can be exact: its ELBO is the evidence.
  const Workplace place;
  Trained trained;
  trained.weights = MatrixXd(trained.weights.leftCols(1));
  const double variance = std::exp(2 * trained.log_sd);
  const double precision = 1 + trained.weights.squaredNorm() / variance;
  const MatrixXd slope = trained.weights.transpose() / (variance * precision);
  write_cell(place / "fa.h5", trained, {Ending::budget_spent, ""}, "factor_analysis", 0, "em",
             [&](CellWriter& writer) {
               writer.array("vi_parameters", {"weights", {1, pixels}, {}, ""}, slope.reshaped());
               writer.array("vi_parameters", {"bias", {1}, {}, ""}, -slope * trained.bias);
               writer.array("vi_parameters", {"log_sd", {1}, {}, ""},
                            VectorXd::Constant(1, -0.5 * std::log(precision)));
             });
  place.write("a.toml", R"(
[[model]]
plugin = "factor_analysis"
pixels = 6
factors = 1
train = 12
trained = "fa.h5"
posterior_of = { items = [3, 0, 1], completions = 4 }
[[method]]
name = "encoder"
family = "affine_gaussian"
estimator = "reparameterized"
optimizer = "adam"
stop = { iterations = 0 }
[[method]]
name = "improved"
family = "affine_gaussian"
estimator = "reparameterized"
optimizer = { plugin = "adam", learning_rate = 1e-4 }
stop = { iterations = 100 }
[[method]]
name = "importance"
family = "affine_gaussian"
estimator = "reparameterized"
optimizer = "adam"
stop = { iterations = 0 }
sampler = "importance"
chains = 100
)");
  const Ended ended = run(place);
  INFO(ended.output);
  REQUIRE(ended.status == 0);
  const auto cells = cells_of(place / "results/a");
  const Metric elbo = cells.at("encoder").metrics.at("elbo");
  const fs::path file = place / "results/a" / cells.at("encoder").path;
  const MatrixXd x = chosen_items(file, 3);
  double log_evidence = 0;
  for (Index item = 0; item < 3; ++item)
    log_evidence += Exact(trained, x.col(item), {0, 1, 2, 3, 4, 5}).log_evidence;
  // Single precision of the encoder is all that is left.
  CHECK(std::abs(elbo.value - log_evidence) < 1e-4);
  CHECK(elbo.mcse < 1e-5);
  CHECK(cells.at("encoder").outcome.reason == "no steps were asked for: the start is evaluated");
  CHECK(std::abs(cells.at("improved").metrics.at("elbo").value - log_evidence) < 0.01);
  CHECK(std::abs(cells.at("importance").metrics.at("log_evidence_sampler").value - log_evidence) <
        1e-4);
  CHECK(read_numbers(file, "completions").size() == 3 * 4 * 6);
}

TEST_CASE("trained parameters are refused where another option makes another function of them") {
  const Workplace place;
  const auto model = [](const std::string& more,
                        const std::string& extents = "rows = 4\ncolumns = 4\n") {
    return "seed = 3\n[[model]]\nplugin = \"vae\"\nlatents = 2\nhidden = [5]\ntrain = 30\ntest = "
           "5\n" +
           extents + more;
  };
  const auto method = [](const std::string& name, const std::string& family) {
    return "[[method]]\nname = \"" + name + "\"\nestimator = \"amortized_elbo\"\noptimizer = " +
           "\"adam\"\nbatch_size = 10\nstop = { iterations = 20 }\nfamily = { plugin = " + family +
           " }\n";
  };
  const std::string gaussian = "\"amortized_gaussian\", hidden = [5]";
  place.write("first.toml", model("pixels = \"logit_normal\"\n") + method("gaussian", gaussian));
  const auto call = [&](const std::string& verb, const std::string& file) {
    return elbow::test::elbow(place.folder(), {verb, file});
  };
  const Ended trained = call("run", "first.toml");
  INFO(trained.output);
  REQUIRE(trained.status == 0);

  const auto again = [&](const std::string& verb, const std::string& options,
                         const std::string& family,
                         const std::string& extents = "rows = 4\ncolumns = 4\n") {
    place.write("a.toml", model(options + "trained = { results = \"results/first\" }\n", extents) +
                              method("again", family));
    return call(verb, "a.toml");
  };
  const std::string logit = "pixels = \"logit_normal\"\n";
  const auto refused = [&](const std::string& options, const std::string& text,
                           const std::string& extents = "rows = 4\ncolumns = 4\n") {
    const Ended planned = again("plan", options, gaussian, extents);
    CHECK(planned.status != 0);
    CHECK_THAT(planned.output, Contains("model \"vae\": trained: ") && Contains(text));
  };
  refused(logit + "activation = \"relu\"\n",
          ".h5: was trained with activation = \"tanh\", and here it is \"relu\": the same "
          "parameters would be another function");
  refused(logit + "squeeze = 0.02\n", "was trained with squeeze = 0.01, and here it is 0.02");
  refused("pixels = \"gaussian\"\n",
          "was trained with pixels = \"logit_normal\", and here it is \"gaussian\"");
  refused(logit, "was trained with rows = 4, and here it is 2", "rows = 2\ncolumns = 8\n");
  for (const char* other : {"\"amortized_gaussian\", hidden = [5], activation = \"silu\"",
                            "\"amortized_gaussian\", hidden = [5], activation = \"relu\""}) {
    const Ended ended = again("run", logit, other);
    CHECK(ended.status != 0);
    CHECK_THAT(ended.output,
               Contains("family \"amortized_gaussian\": ") &&
                   Contains("was trained with activation = \"tanh\", and here it is "));
  }
  // What the likelihood counts, and which data there are, leave the function what it is.
  for (const std::string options :
       {"observed = \"top\"\n", "validation = 4\n", "dequantize = true\n"})
    CHECK(again("plan", logit + options, gaussian).status == 0);
}

TEST_CASE("a trained encoder with random splits keeps them under another seed") {
  const Workplace place;
  const std::string model =
      "[[model]]\nplugin = \"vae\"\nlatents = 6\nhidden = [5]\nrows = 4\ndata = "
      "\"images.csv\"\ntrain = 30\ntest = 10\nbinarization = \"fixed\"\n";
  std::string images;
  for (int n = 0; n < 40; ++n)
    for (int pixel = 0; pixel < 16; ++pixel)
      images +=
          std::to_string(255 * ((n * (pixel + 3) + pixel) % 7 > 3)) + (pixel < 15 ? "," : "\n");
  place.write("images.csv", images);
  const auto experiment = [&](int seed, const std::string& trained, int iterations) {
    return "seed = " + std::to_string(seed) + "\n[evaluation]\nitem_draws = 400\n" + model +
           trained +
           "[[method]]\nname = \"flow\"\nfamily = { plugin = \"amortized_flow\", hidden = [8], "
           "encoder = [8], split = \"random\", map = \"affine\", layers = 3 }\nestimator = { "
           "plugin = \"amortized_elbo\", kl = \"monte_carlo\" }\noptimizer = { plugin = \"adam\", "
           "learning_rate = 0.02 }\n"
           "batch_size = 30\nstop = { iterations = " +
           std::to_string(iterations) + " }\n";
  };
  place.write("first.toml", experiment(1, "", 400));
  place.write("a.toml", experiment(2, "trained = { results = \"results/first\" }\n", 0));
  for (const char* file : {"first.toml", "a.toml"}) {
    const Ended ended = elbow::test::elbow(place.folder(), {"run", file});
    INFO(ended.output);
    REQUIRE(ended.status == 0);
  }
  const Metric first = cells_of(place / "results/first").at("flow").metrics.at("test_elbo");
  const Metric again = cells_of(place / "results/a").at("flow").metrics.at("test_elbo");
  CHECK(std::abs(first.value - again.value) < 5 * std::hypot(first.mcse, again.mcse));
  CHECK(first.mcse < 0.1);
}

TEST_CASE(
    "what is wrong with a trained cell or with chosen items is said while planning, with its "
    "place") {
  const Workplace place;
  const auto error = [&](const std::string& more, const std::string& model = "") {
    place.write("a.toml", (model.empty() ? model_block(more) : model + more) + hmc);
    const Ended ended = run(place, "plan");
    CHECK(ended.status != 0);
    return ended.output;
  };
  const std::string trained = "trained = \"fa.h5\"\nposterior_of = { items = [0] }\n";
  CHECK_THAT(error(trained),
             Contains("a.toml:6:11: model \"factor_analysis\": trained: ") && Contains("fa.h5"));
  place.write("fa.h5", "no HDF5");
  CHECK_THAT(error(trained), Contains("a.toml:6:11: model \"factor_analysis\": trained: ") &&
                                 Contains("fa.h5: expected a complete cell file"));
  write_cell(place / "fa.h5", Trained(), {Ending::crashed, "SIGSEGV"});
  CHECK_THAT(error(trained),
             Contains("a.toml:6:11: ") && Contains("fa.h5: this cell ended as crashed (SIGSEGV)"));
  write_cell(place / "fa.h5", Trained(), {Ending::budget_spent, ""}, "vae");
  CHECK_THAT(error(trained), Contains("a.toml:6:11: ") &&
                                 Contains("fa.h5: was trained as model \"vae\", and this is model "
                                          "\"factor_analysis\""));
  write_cell(place / "fa.h5", Trained());
  CHECK_THAT(error(trained, "[[model]]\nplugin = \"factor_analysis\"\npixels = 6\nfactors = 3\n"),
             Contains("a.toml:5:11: ") &&
                 Contains("fa.h5: the block \"model.weights\" is 6 x 2 there and 6 x 3 here"));
  CHECK_THAT(error(trained, "[[model]]\nplugin = \"gaussian\"\n"),
             Contains("a.toml:3:11: ") && Contains("was trained as model \"factor_analysis\""));

  CHECK_THAT(error("trained = { results = \"results/first\" }\n"),
             Contains("a.toml:6:11: ") &&
                 Contains("there are no results in results/first yet; run its experiment first"));
  place.write("first.toml", "");
  CHECK_THAT(error("trained = { results = \"results/first\" }\n"),
             Contains("there are no results in results/first yet; `elbow run first.toml` makes "
                      "them"));
  write_cell(place / "results/first/cells/aa/aa000000000000000000000000000000.h5", Trained());
  write_cell(place / "results/first/cells/bb/bb000000000000000000000000000000.h5", Trained(),
             {Ending::budget_spent, ""}, "factor_analysis", 0, "adam");
  CHECK_THAT(error("trained = { results = \"results/first\" }\n"),
             Contains("2 cells of results/first are meant; say which method: \"adam\", \"em\""));
  CHECK_THAT(error("trained = { results = \"results/first\", method = \"sgd\" }\n"),
             Contains("results/first has no such cell yet: it has \"factor_analysis/adam/0\", "
                      "\"factor_analysis/em/0\"; `elbow run first.toml` makes them"));
  CHECK_THAT(error("trained = { result = \"results/first\" }\n"),
             Contains("there is no key \"result\"; did you mean \"results\"?"));

  CHECK_THAT(error("posterior_of = { split = \"test\", items = [0, 4] }\n"),
             Contains("a.toml:6:42: model \"factor_analysis\": posterior_of: items must be whole "
                      "numbers from 0 to 3, the 4 items of the split \"test\", got 4.0"));
  CHECK_THAT(error("posterior_of = { split = \"test\" }\n"),
             Contains("a.toml:6:16: ") && Contains("posterior_of needs items"));
  CHECK_THAT(error("posterior_of = { item = [0] }\n"),
             Contains("posterior_of has no key \"item\"; did you mean \"items\"?"));
  CHECK_THAT(error("posterior_of = { items = [0] }\n", "[[model]]\nplugin = \"gaussian\"\n"),
             Contains("the model has no latent items whose posterior could be asked for"));
}

TEST_CASE(
    "an autoencoder that one experiment trains completes images and shows its gap in others") {
  const Workplace place;
  const auto shipped = [&](const std::string& verb, const std::string& name,
                           const std::vector<std::string>& more) {
    std::vector<std::string> call = {verb, ELBOW_SOURCE "/experiments/" + name + ".toml"};
    call.insert(call.end(), more.begin(), more.end());
    return elbow::test::elbow(place.folder(), call);
  };
  const Ended untrained = shipped("plan", "image_completion", {});
  CHECK(untrained.status != 0);
  CHECK_THAT(untrained.output, Contains("there are no results in results/vae yet; `elbow run ") &&
                                   Contains("/experiments/vae.toml` makes them"));
  const Ended trained = shipped(
      "run", "vae", {"--only", "vae/closed/0", "--set", "method.closed.stop.iterations=300"});
  INFO(trained.output);
  REQUIRE(trained.status == 0);

  const Ended completed =
      shipped("run", "image_completion",
              {"--set", "method.hmc.warmup=100", "--set", "method.hmc.draws=50", "--set",
               "method.prior.chains=500", "--set", "method.fit.stop.iterations=100"});
  INFO(completed.output);
  REQUIRE(completed.status == 0);
  for (const CellSummary& cell : read_index(place / "results/image_completion")) {
    INFO(cell.model << " / " << cell.method);
    const std::size_t images = cell.model == "images" ? 8 : 1;
    const auto decoded =
        read_numbers(place / "results/image_completion" / cell.path, "completions");
    CHECK(decoded.size() == images * 8 * 144);
    for (const NamedNumber& pixel : decoded) CHECK((pixel.value >= 0 && pixel.value <= 1));
  }

  const Ended measured =
      shipped("run", "amortisation_gap",
              {"--set", "method.mean-field.stop.iterations=1000", "--set",
               "method.full-rank.stop.iterations=1000", "--set", "method.ais.chains=50"});
  INFO(measured.output);
  REQUIRE(measured.status == 0);
  std::map<std::string, std::map<std::string, Metric>> bounds;
  for (const CellSummary& cell : read_index(place / "results/amortisation_gap"))
    bounds[cell.model][cell.method] =
        cell.metrics.at(cell.method == "ais" ? "log_evidence_sampler" : "elbo");
  REQUIRE(bounds.size() == 8);
  for (const auto& [image, of] : bounds) {
    INFO(image);
    const Metric &encoder = of.at("encoder"), &best = of.at("mean-field"), &evidence = of.at("ais");
    CHECK(encoder.value < best.value + 5 * std::hypot(encoder.mcse, best.mcse));
    // The sampler's logarithm is below the evidence by half its variance on average.
    CHECK(best.value < evidence.value + 5 * std::hypot(best.mcse, evidence.mcse) + 0.1);
  }
}

}  // namespace trained_tests
