#include <catch2/catch.hpp>
#include <elbow/math.hpp>

#include "cells.hpp"
#include "compare/rate_distortion.hpp"

using namespace elbow;
using Catch::Contains;
using test::folder;

namespace {

CellSummary point(const std::string& method, int replicate, double rate, double distortion,
                  double log_likelihood = not_a_number) {
  CellSummary cell = test::cell("vae", method, replicate, -rate - distortion);
  const auto add = [&](const std::string& name, double value) {
    cell.metrics[name] = {name, value, 0.01, "nats", "of a test"};
  };
  add("test_rate", rate);
  add("test_distortion", distortion);
  add("test_elbo", -rate - distortion);
  if (!std::isnan(log_likelihood)) add("test_log_likelihood", log_likelihood);
  return cell;
}

}  // namespace

TEST_CASE("A curve is in order of the rate, with its distance to the entropy line") {
  const auto curves = rate_distortions(
      {folder({point("one", 0, 10, 90, -95), point("half", 0, 20, 84), point("four", 0, 2, 120)})});
  REQUIRE(curves.size() == 1);
  const RateDistortion& curve = curves[0];
  REQUIRE(curve.points.size() == 3);
  CHECK(curve.points[0].method == "four");
  CHECK(curve.points[2].method == "half");
  CHECK(curve.entropy == Approx(95));
  CHECK(curve.points[1].total.value - curve.entropy == Approx(5));
  CHECK(curve.convex);
  const std::string text = rate_distortion_text(curves);
  CHECK_THAT(text, Contains("The curve is convex"));
  CHECK_THAT(text, Contains("rate + distortion = 95"));
  CHECK_THAT(rate_distortion_html(curves, "vae"), Contains("<svg"));
  CHECK(rate_distortion_html(curves, "another").empty());
}

TEST_CASE("A point above the line between its neighbours is not convex, within its error it is") {
  const auto curve = [](double middle) {
    return rate_distortions(
        {folder({point("a", 0, 0, 100), point("b", 0, 10, middle), point("c", 0, 20, 80)})})[0];
  };
  const RateDistortion above = curve(91);
  CHECK(!above.convex);
  CHECK(above.points[1].above_hull.value == Approx(1));
  CHECK_THAT(rate_distortion_text({above}), Contains("not convex: b is 1"));
  // Rates and distortions have errors of 0.01 and the hull a slope of -1: the point's error is
  // 0.01 sqrt(2), that of the hull in the middle sqrt(2) less.
  CHECK(above.points[1].above_hull.standard_error == Approx(0.01 * std::sqrt(3)));
  CHECK(curve(90.034).convex);
  CHECK(!curve(90.036).convex);
  CHECK(curve(80).convex);
  CHECK(curve(80).points[1].above_hull.value == Approx(0).margin(1e-12));
}

TEST_CASE("Two methods or none with rates are no curve") {
  CHECK(rate_distortions({folder({point("a", 0, 0, 100), point("b", 0, 10, 90)})}).empty());
  CHECK(rate_distortions({folder({test::cell("gaussian", "hmc", 0, -1)})}).empty());
  CHECK(rate_distortion_text({}).empty());
}
