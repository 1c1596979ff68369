#include "plan/plan_file.hpp"

#include <catch2/catch.hpp>
#include <elbow/error.hpp>
#include <fstream>
#include <sstream>

#include "plan/make_plan.hpp"
#include "plan/options.hpp"
#include "support/scratch_folder.hpp"
#include "unit/config/reading.hpp"

using namespace elbow;
namespace fs = std::filesystem;

namespace {

const std::string example_text = R"(
title = "a \"title\""
seed = 9
repeats = 2
limits.memory_mb = 100
[[model]]
plugin = "gaussian"
mean = [1, 2.5]
covariance = [[1, 0.5], [0.5, 2]]
[[model]]
plugin = "regression"
file = "data.h5:x"
[[model]]
plugin = "spins"
[[method]]
name = "fit"
family = "mean_field"
estimator = { plugin = "score", draws = { each = [1, 10] } }
optimizer = "adam"
)";

Plan example_plan() { return make_plan(read_example(example_text), example_catalog()); }

struct File {
  ScratchFolder folder;
  fs::path path = folder / "plan.json";
};

}  // namespace

TEST_CASE("a plan that is written and read is the same plan") {
  const Plan plan = example_plan();
  const File file;
  write_plan(plan, {{"host", "h"}}, file.path);
  const StoredPlan stored = read_plan(file.path);
  CHECK(stored.provenance == Json{{"host", "h"}});
  CHECK(stored.plan.experiment_text == example_text);
  CHECK(stored.plan.limits.memory_mb == 100);
  // Everything else is in the text that is printed.
  std::ostringstream before, after;
  print_plan(plan, before);
  print_plan(stored.plan, after);
  CHECK(before.str() == after.str());
  CHECK(Json::parse(before.str())["cells"].size() == plan.cells.size());
  CHECK(!plan.impossible.empty());
  CHECK(!fs::exists(file.path.string() + ".tmp"));
}

TEST_CASE("what is not a plan is refused with the file's name") {
  const File file;
  for (const char* content : {"", "{", "[]", "{\"format\": 1}", "{\"format\": 99}"}) {
    std::ofstream(file.path) << content;
    CHECK_THROWS_WITH(read_plan(file.path), Catch::Contains(file.path.string()));
  }
  CHECK_THROWS_AS(read_plan("/nonexistent/plan.json"), Error);
  CHECK_THROWS_AS(write_plan(example_plan(), {}, "/nonexistent/plan.json"), Error);
}

TEST_CASE("a plugin gets its options in the types it declares") {
  const Plan plan = example_plan();
  const Catalog catalog = example_catalog();
  const auto no_tables = [](const Json&, OptionType) -> OptionValue {
    throw Error("no table expected");
  };
  const Options gaussian =
      to_options(plan.models[0].plugin, *catalog.find(Kind::model, "gaussian"), no_tables);
  CHECK(gaussian.integer("dimension") == 2);
  CHECK(gaussian.real("scale") == 1.0);
  CHECK(gaussian.reals("mean") == Eigen::Vector2d(1, 2.5));
  Eigen::Matrix2d covariance;
  covariance << 1, 0.5, 0.5, 2;
  CHECK(gaussian.matrix("covariance") == covariance);
}

TEST_CASE("a table is read through the loader, which is given path, digest and dataset") {
  const Plan plan = example_plan();
  const Catalog catalog = example_catalog();
  Json asked;
  const auto table = std::make_shared<Table>();
  const Options options =
      to_options(plan.models[1].plugin, *catalog.find(Kind::model, "regression"),
                 [&](const Json& file, OptionType type) -> OptionValue {
                   CHECK(type == OptionType::table);
                   asked = file;
                   return std::shared_ptr<const Table>(table);
                 });
  CHECK(&options.table("file") == table.get());
  CHECK(asked ==
        Json{{"path", "/somewhere/data.h5"}, {"sha256", "sha-of-data.h5"}, {"dataset", "x"}});
  CHECK(options.boolean("intercept"));
}

TEST_CASE("an optional option that is absent stays absent") {
  const Catalog catalog = example_catalog();
  const Plan plan = make_plan(
      read_example(
          "[[model]]\nplugin = \"gaussian\"\n[[method]]\nname = \"m\"\nsampler = \"hmc\"\n"),
      catalog);
  CHECK(!to_options(*plan.methods[0].sampler, *catalog.find(Kind::sampler, "hmc"), {})
             .has("step_size"));
}

TEST_CASE("a plan with an option that the plugin no longer has is refused") {
  const Plan plan = example_plan();
  PluginInfo other = *example_catalog().find(Kind::model, "spins");
  other.options.clear();
  CHECK_THROWS_WITH(to_options(plan.models[2].plugin, other, {}), Catch::Contains("\"size\""));
}
