#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "support/program.hpp"

using Catch::Contains;
using Catch::StartsWith;
using elbow::test::ProgramRun;
using elbow::test::run_program;

namespace {

std::string poison(const std::string& name) {
  return " --plugins " + std::string(ELBOW_POISON) + "/" + name;
}

}  // namespace

TEST_CASE("list names the plugins with kind, name and summary") {
  const ProgramRun run = run_program("list");
  CHECK(run.status == 0);
  CHECK_THAT(run.out, Contains("family/gaussian_mean_field"));
  CHECK_THAT(run.out, Contains("Gaussian with independent coordinates"));
  CHECK(run.err.empty());
}

TEST_CASE("list takes a kind in singular or plural") {
  const ProgramRun singular = run_program("list family"), plural = run_program("list families");
  CHECK(singular.status == 0);
  CHECK(singular.out == plural.out);
  CHECK_THAT(singular.out, StartsWith("family/"));
  CHECK_THAT(singular.out, !Contains("model/"));
}

TEST_CASE("a mistyped kind is answered with the nearest one") {
  const ProgramRun run = run_program("list famly");
  CHECK(run.status == 2);
  CHECK_THAT(run.err, Contains("\"famly\"; did you mean \"family\"?"));
}

TEST_CASE("list reports a plugin that aborts, lists the others and ends with 1") {
  const ProgramRun run = run_program("list" + poison("aborts_at_load"));
  CHECK(run.status == 1);
  CHECK_THAT(run.out, Contains("family/gaussian_mean_field"));
  CHECK_THAT(run.err, Contains("refused: ") &&
                          Contains("aborts_at_load/models/aborts_at_load.so") &&
                          Contains("crashed (SIGABRT) while loading"));
}

TEST_CASE("every plugin that is bad at load is refused by list with its file") {
  for (const char* name :
       {"newer_abi", "older_abi", "descriptor_size", "other_compiler", "other_alignment",
        "other_sdk", "two_differences", "other_name", "other_kind", "no_factory", "no_symbol",
        "stripped", "aborts_at_load", "exits_at_load", "segfaults_at_load", "throws_at_load",
        "undefined_symbol", "throws_in_options", "default_out_of_bounds"}) {
    INFO(name);
    const ProgramRun run = run_program("list model" + poison(name));
    CHECK(run.status == 1);
    CHECK_THAT(run.err, StartsWith("refused: "));
    CHECK_THAT(run.err, Contains(std::string(name) + "/models/" + name + ".so: "));
  }
}

TEST_CASE("list in JSON has the plugins and the refusals") {
  const ProgramRun run = run_program("list --format json" + poison("twin_a") + poison("twin_b"));
  CHECK(run.status == 1);
  const auto json = nlohmann::json::parse(run.out);
  CHECK(json["plugins"].size() >= 1);
  REQUIRE(json["refused"].size() == 2);
  CHECK(json["refused"][0]["name"] == "twin");
  CHECK_THAT(json["refused"][0]["reason"].get<std::string>(), Contains("twin_b/models/twin.so"));
}

TEST_CASE("unknown options, surplus arguments and other formats are errors that say so") {
  CHECK(run_program("list --plugin /tmp").status == 2);
  CHECK_THAT(run_program("list --plugin /tmp").err,
             Contains("there is no option --plugin; did you mean --plugins?"));
  CHECK_THAT(run_program("list model family").err, Contains("unexpected argument \"family\""));
  CHECK_THAT(run_program("list --format xml").err,
             Contains("--format must be text or json, got \"xml\""));
  CHECK_THAT(run_program("list --plugins /nonexistent").err, Contains("there is no such file"));
}

TEST_CASE("every verb explains itself") {
  for (const char* verb : {"list", "info", "new", "version"}) {
    const ProgramRun run = run_program(std::string(verb) + " --help");
    CHECK(run.status == 0);
    CHECK_THAT(run.out, StartsWith(std::string("usage: elbow ") + verb));
  }
}

TEST_CASE("a mistyped verb is answered with the nearest one") {
  const ProgramRun run = run_program("lisst");
  CHECK(run.status == 2);
  CHECK_THAT(run.err, Contains("did you mean \"list\"?"));
}
