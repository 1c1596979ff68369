// Simulation-based calibration, from the experiment to the table.

#include "compare/calibration.hpp"

#include <catch2/catch.hpp>

#include "compare/report.hpp"
#include "program.hpp"

using namespace elbow;
using namespace elbow::test;
using Catch::Matchers::Contains;

namespace {

const Calibration& of(const std::vector<Calibration>& all, const std::string& model,
                      const std::string& method) {
  for (const Calibration& calibration : all)
    if (calibration.model == model && calibration.method == method) return calibration;
  FAIL("no calibration of " << model << " / " << method);
  return all.front();
}

}  // namespace

TEST_CASE("calibration: HMC is calibrated, a mean-field Gaussian is not") {
  const Workplace place;
  const Ended run = elbow::test::elbow(
      place.folder(), {"run", ELBOW_SOURCE "/experiments/calibration.toml", "--quiet", "--set",
                       "repeats=60", "--set", "method.gaussian.stop.iterations=400"});
  INFO(run.output);
  REQUIRE(run.status == 0);
  const auto all = calibrations({read_result_folder(place / "results/calibration")});
  REQUIRE(all.size() == 6);
  for (const char* model : {"linear_regression", "eight_schools"}) {
    const Calibration& hmc = of(all, model, "hmc");
    INFO(model << ": " << hmc.adjusted_p());
    CHECK(hmc.simulations == 60);
    CHECK(hmc.adjusted_p() > calibration_level);
  }
  CHECK(of(all, "linear_regression", "hmc").variables.size() == 5);
  CHECK(of(all, "linear_regression", "gaussian(family=gaussian_mean_field)").adjusted_p() <
        calibration_level);
  CHECK(of(all, "linear_regression", "gaussian(family=gaussian_full_rank)").adjusted_p() >
        calibration_level);

  CHECK_THAT(calibration_text(all), Contains("hmc: uniform") && Contains("NOT uniform"));
  CHECK_THAT(html_report(read_result_folder(place / "results/calibration")),
             Contains("Calibration of hmc") && Contains("<rect"));
}

TEST_CASE("calibration: a model without a prior to draw from is refused while planning") {
  const Workplace place;
  place.write("a.toml",
              "kind = \"calibration\"\n" + experiment(1) + "[evaluation]\ncalibration_draws = 9\n");
  const Ended plan = elbow::test::elbow(place.folder(), {"plan", "a.toml"});
  CHECK_THAT(plan.output, Contains("needs prior_predictive of the model"));
}
