// Fits that cannot be right are refused while planning, or end with an outcome that says why.

#include <catch2/catch.hpp>

#include "program.hpp"
#include "record/cell_summary.hpp"

using namespace elbow;
using namespace elbow::test;
using Catch::Matchers::Contains;

namespace bad_fit_tests {

namespace {

constexpr const char* gaussian = "[[model]]\nplugin = \"gaussian\"\n";

/// The one cell of an experiment, which runs whatever becomes of it.
CellSummary only_cell(const std::string& experiment) {
  const Workplace place;
  place.write("bad.toml", experiment);
  const Ended ended = elbow::test::elbow(place.folder(), {"run", "bad.toml", "--quiet"});
  INFO(ended.output);
  const auto cells = read_index(place / "results/bad");
  REQUIRE(cells.size() == 1);
  return cells[0];
}

/// What planning says of an experiment that it refuses.
std::string refusal(const std::string& experiment) {
  const Workplace place;
  place.write("bad.toml", experiment);
  const Ended ended = elbow::test::elbow(place.folder(), {"run", "bad.toml", "--quiet"});
  INFO(ended.output);
  REQUIRE(ended.status == 2);
  REQUIRE(!std::filesystem::exists(place / "results/bad/cells"));
  return ended.output;
}

std::string method(const std::string& family, const std::string& estimator) {
  return "[[method]]\nname = \"m\"\n" + (family.empty() ? "" : "family = " + family + "\n") +
         "estimator = " + estimator + "\n" + (family.empty() ? "" : "optimizer = \"adam\"\n");
}

}  // namespace

TEST_CASE("What a model cannot be used with is refused while planning, with the reason") {
  const auto planned = [](const std::string& methods) {
    const Workplace place;
    place.write("bad.toml", gaussian + methods);
    return elbow::test::elbow(place.folder(), {"plan", "bad.toml"}).output;
  };
  CHECK_THAT(planned(method("\"bernoulli_mean_field\"", "\"score_function\"")),
             Contains("discrete"));
  for (const char* name : {"\"cavi\"", "\"stochastic_vi\""})
    CHECK_THAT(planned(method("", name)), Contains("conjugate"));
}

TEST_CASE("A leave-one-out baseline of a single draw is refused") {
  const CellSummary cell = only_cell(
      gaussian + method("\"gaussian_mean_field\"", "{ plugin = \"score_function\", draws = 1 }"));
  CHECK(cell.outcome.ending == Ending::failed);
  CHECK_THAT(cell.outcome.reason, Contains("draws must be at least 2, got 1"));
}

TEST_CASE("Settings that only the plugins can see to be wrong fail with the number that they got") {
  const auto reason = [](const std::string& methods, const std::string& optimizer = "") {
    const CellSummary cell = only_cell(gaussian + methods + optimizer);
    CHECK(cell.outcome.ending == Ending::failed);
    return cell.outcome.reason;
  };
  const std::string family = "\"gaussian_mean_field\"";
  CHECK_THAT(
      reason(method(family, "{ plugin = \"score_function\", noise = \"antithetic\", draws = 2 }")),
      Contains("antithetic") && Contains("draws must be at least 3, got 2"));
  CHECK_THAT(reason(method(
                 family, "{ plugin = \"importance_weighted\", gradient = \"vimco\", draws = 1 }")),
             Contains("vimco") && Contains("draws must be at least 2, got 1"));
  CHECK_THAT(reason(method("", "{ plugin = \"laplace\", start = [1.0, 2.0, 3.0] }")),
             Contains("one number per dimension") && Contains("got 3"));
  CHECK_THAT(reason("[[method]]\nname = \"m\"\nfamily = \"gaussian_mean_field\"\n"
                    "estimator = \"reparameterized\"\nstop = { seconds = 1 }\n",
                    "optimizer = { plugin = \"adam\", averaging = \"suffix\" }\n"),
             Contains("suffix") && Contains("limit of iterations"));
}

TEST_CASE("A mixture needs a component, and means that leave its components a width") {
  for (const char* wrong : {"components = 0", "initial_spread = 1.0", "initial_spread = 0.0"})
    CHECK_THAT(
        refusal(gaussian + method(std::string("{ plugin = \"gaussian_mixture\", ") + wrong + " }",
                                  "\"reparameterized\"")),
        Contains("bad.toml:5:") && Contains("gaussian_mixture"));
  const Workplace place;
  place.write("bad.toml",
              gaussian + method("\"gaussian_mixture\"",
                                "{ plugin = \"reparameterized\", entropy = \"closed\" }"));
  CHECK_THAT(elbow::test::elbow(place.folder(), {"plan", "bad.toml"}).output,
             Contains("needs closed_entropy of the family"));
}

TEST_CASE("Orders, scales and tolerances outside their range are refused with their place") {
  CHECK_THAT(
      refusal(gaussian + method("\"gaussian_mean_field\"", "{ plugin = \"renyi\", alpha = -1.0 }")),
      Contains("bad.toml:6:") && Contains("alpha") && Contains("-1"));
  CHECK_THAT(
      refusal(gaussian + method("\"gaussian_mean_field\"", "{ plugin = \"chi\", order = 1.0 }")),
      Contains("order"));
  for (const char* scale : {"0.0", "-1.0", "inf", "nan"})
    CHECK_THAT(refusal(gaussian + method(std::string("{ plugin = \"gaussian_full_rank\", "
                                                     "initial_scale = ") +
                                             scale + " }",
                                         "\"reparameterized\"")),
               Contains("initial_scale"));
  CHECK_THAT(refusal(gaussian + method("\"gaussian_mean_field\"", "\"reparameterized\"") +
                     "stop = { stationary = 0.0 }\n"),
             Contains("stationary"));
  CHECK_THAT(refusal(gaussian + method("\"gaussian_mean_field\"", "\"reparameterized\"") +
                     "stop = { stationery = 0.1 }\n"),
             Contains("did you mean \"stationary\""));
}

TEST_CASE("A target without density at the start ends as not finite, and says so") {
  const std::string nowhere = "[[model]]\nplugin = \"gaussian\"\nmean = [1e200]\n";
  for (const char* name : {"\"reparameterized\"", "\"score_function\"", "\"importance_weighted\"",
                           "\"renyi\"", "\"chi\"", "\"inclusive_kl\""}) {
    const CellSummary cell = only_cell(nowhere + method("\"gaussian_mean_field\"", name));
    INFO(name << ": " << cell.outcome.reason);
    CHECK(cell.outcome.ending == Ending::non_finite);
    CHECK_THAT(cell.outcome.reason, Contains("where the fit begins"));
  }
}

TEST_CASE("A fit that leaves the finite numbers names the options that may keep it there") {
  // Steps of 0.1 times slopes of a million.
  const CellSummary cell = only_cell(
      "[[model]]\nplugin = \"gaussian\"\ncovariance = [[1e-6]]\n[[method]]\nname = \"m\"\nfamily = "
      "\"gaussian_mean_field\"\nestimator = \"reparameterized\"\noptimizer = \"sgd\"\n");
  CHECK(cell.outcome.ending == Ending::non_finite);
  CHECK_THAT(cell.outcome.reason, Contains("a smaller learning_rate or initial_scale"));
}

TEST_CASE("A method that fits itself says how far from the posterior it has ended") {
  // Scales from 0.001 to 1000 are beyond a path's five pairs; a mode's curvature has them exactly.
  const std::string target =
      "[[model]]\nplugin = \"gaussian\"\ncovariance = [[1e-6, 0, 0, 0], [0, 1e-2, 0, 0], "
      "[0, 0, 1e2, 0], [0, 0, 0, 1e6]]\n";
  const CellSummary path = only_cell(target + method("", "\"pathfinder\""));
  CHECK(path.outcome.ending == Ending::converged);
  const double kl = -path.metrics.at("elbo").value;  // the log evidence is 0
  INFO(kl << " " << path.outcome.reason);
  CHECK((kl < 0.05 || path.outcome.reason.find("nats from the posterior") != std::string::npos));
  CHECK(kl > 0.05);
  CHECK(only_cell(target + method("", "\"laplace\"")).outcome.reason.empty());

  // 10 draws are few for the four numbers of q: their optimum is far off.
  const CellSummary few = only_cell(
      gaussian + std::string("[[method]]\nname = \"m\"\nfamily = \"gaussian_mean_field\"\n"
                             "estimator = { plugin = \"fixed_draws\", draws = 10 }\n"));
  CHECK(few.outcome.ending == Ending::converged);
  CHECK(few.metrics.at("kl_to_posterior").value > 0.05);
  CHECK_THAT(few.outcome.reason, Contains("nats from the posterior"));
}

TEST_CASE("A fit whose steps died away before it arrived says so") {
  // Ten thousand sds to go: a step size that falls with every gradient seen is spent on the way.
  const std::string target = "[[model]]\nplugin = \"gaussian\"\nmean = [1e4]\n";
  const auto cell = [&](const char* estimator, const char* optimizer) {
    return only_cell(target +
                     "[[method]]\nname = \"m\"\nfamily = \"gaussian_mean_field\"\nestimator = \"" +
                     estimator + "\"\noptimizer = \"" + optimizer + "\"\n");
  };
  for (const char* estimator : {"reparameterized", "score_function"})
    for (const char* optimizer : {"adam", "dowg", "stan_advi"}) {
      const CellSummary found = cell(estimator, optimizer);
      const double kl = found.metrics.at("kl_to_posterior").value;
      INFO(estimator << " " << optimizer << " " << kl << " " << found.outcome.reason);
      CHECK((kl < 0.05 || !found.outcome.reason.empty()));
    }
}

}  // namespace bad_fit_tests
