#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "support/program.hpp"

using Catch::Contains;
using Catch::Matches;
using elbow::test::ProgramRun;
using elbow::test::run_program;

TEST_CASE("info explains a plugin's abilities, file and options") {
  const ProgramRun run = run_program("info family/gaussian_mean_field");
  CHECK(run.status == 0);
  CHECK_THAT(run.out,
             Contains("family/gaussian_mean_field: Gaussian with independent coordinates"));
  CHECK_THAT(run.out, Contains("lib/elbow/plugins/families/gaussian_mean_field.so"));
  CHECK_THAT(run.out, Contains("the entropy in closed form"));
  CHECK_THAT(run.out, Contains("initial_scale") && Contains("above 0") && Contains("1.0"));
}

TEST_CASE("info says what a choice needs") {
  CHECK_THAT(run_program("info estimator/reparameterized").out,
             Contains("Needs of the family with entropy = closed:"));
}

TEST_CASE("info in JSON gives options with their defaults") {
  const auto json =
      nlohmann::json::parse(run_program("info family/gaussian_mean_field --format json").out);
  CHECK(json["kind"] == "family");
  CHECK(json["options"][0]["name"] == "initial_scale");
  CHECK(json["options"][0]["default"] == 1.0);
}

TEST_CASE("info experiment explains the options of the host") {
  const ProgramRun run = run_program("info experiment");
  CHECK(run.status == 0);
  CHECK_THAT(run.out, Contains("[limits]") && Contains("wall_seconds") && Contains("repeats"));
}

TEST_CASE("info experiment explains the grid and says where its page is") {
  const std::string text = run_program("info experiment").out;
  CHECK_THAT(text, Contains("each = [1, 2]") && Contains("zip") && Contains("ablate") &&
                       Contains("[[exclude]]") && Contains("[[grid]]"));
  const std::string page = text.substr(text.rfind(' ') + 1, text.size() - text.rfind(' ') - 2);
  INFO(page);
  CHECK(std::filesystem::exists(page));
}

TEST_CASE("info answers a mistyped experiment, a mistyped kind and a plugin without its kind") {
  CHECK_THAT(run_program("info experment").err, Contains("did you mean \"experiment\"?"));
  CHECK_THAT(run_program("info famly/x").err, Contains("did you mean \"family\"?"));
  CHECK_THAT(run_program("info gausian_mean_field").err,
             Contains("did you mean family/gaussian_mean_field?"));
}

TEST_CASE("a mistyped plugin is answered with the nearest one") {
  const ProgramRun run = run_program("info family/gausian_mean_field");
  CHECK(run.status == 2);
  CHECK_THAT(run.err, Contains("did you mean \"gaussian_mean_field\"?"));
}

TEST_CASE("info wants KIND/NAME") {
  CHECK_THAT(run_program("info gaussian").err, Contains("expected KIND/NAME"));
  CHECK_THAT(run_program("info").err, Contains("expected KIND/NAME"));
}

TEST_CASE("info on a refused plugin gives the reason") {
  const ProgramRun run =
      run_program("info model/aborts_at_load --plugins " ELBOW_POISON "/aborts_at_load");
  CHECK(run.status == 2);
  CHECK_THAT(run.err, Contains("SIGABRT"));
}
