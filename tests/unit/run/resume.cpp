#include "run/resume.hpp"

#include <elbow/error.hpp>

#include "scratch.hpp"

using namespace elbow;
using namespace elbow::test;
using Catch::Matchers::Contains;

namespace {

PluginInfo plugin(Kind kind, const std::string& name, const std::string& digest) {
  PluginInfo info{};
  info.kind = kind;
  info.name = name;
  info.digest = digest;
  info.file = "/proc/self/exe";  // a file that is there
  return info;
}

/// One model and one method of one sampler, four replicates.
struct Setting {
  Setting() {
    plan.models.push_back({"m", {Kind::model, "gaussian", Json::object()}, Json::object()});
    MethodVariant method;
    method.name = "s";
    method.sampler = PlannedPlugin{Kind::sampler, "hmc", Json::object()};
    plan.methods.push_back(method);
    plan.cells = some_cells(4);
    catalog.plugins = {plugin(Kind::model, "gaussian", "aaaa"),
                       plugin(Kind::sampler, "hmc", "bbbb")};
  }
  PluginDigests digests() const { return {plan, catalog}; }
  CellSummary summary(std::size_t cell, Ending ending) const {
    CellSummary made;
    made.hash = plan.cells[cell].hash;
    made.outcome = {ending, ""};
    made.provenance = {{"plugins", digests().of(plan.cells[cell])}};
    return made;
  }
  Plan plan;
  Catalog catalog;
};

}  // namespace

TEST_CASE("a complete cell of the same plugin files is cached, whatever its good outcome") {
  const Setting setting;
  for (Ending ending : {Ending::converged, Ending::budget_spent, Ending::diverged,
                        Ending::non_finite, Ending::skipped}) {
    const CellSummary summary = setting.summary(0, ending);
    CHECK(standing_of(setting.plan.cells[0], &summary, setting.digests()) == Standing::cached);
  }
}

TEST_CASE("a failed cell is run again") {
  const Setting setting;
  for (Ending ending :
       {Ending::failed, Ending::crashed, Ending::timed_out, Ending::out_of_memory}) {
    const CellSummary summary = setting.summary(0, ending);
    CHECK(standing_of(setting.plan.cells[0], &summary, setting.digests()) == Standing::failed);
  }
}

TEST_CASE("a cell of another build of any of its plugins is stale") {
  for (std::size_t changed : {0, 1}) {
    Setting setting;
    const CellSummary summary = setting.summary(0, Ending::converged);
    setting.catalog.plugins[changed].digest = "cccc";
    CHECK(standing_of(setting.plan.cells[0], &summary, setting.digests()) == Standing::stale);
  }
}

TEST_CASE("a cell whose file does not say its plugins is stale") {
  const Setting setting;
  CellSummary summary = setting.summary(0, Ending::converged);
  summary.provenance = Json::object();
  CHECK(standing_of(setting.plan.cells[0], &summary, setting.digests()) == Standing::stale);
}

TEST_CASE("an inventory counts each kind and keeps the order of what is to run") {
  const Setting setting;
  CellSummary old = setting.summary(2, Ending::converged);
  old.provenance["plugins"]["sampler/hmc"] = "another";
  CellSummary foreign = setting.summary(0, Ending::converged);
  foreign.hash = std::string(32, 'f');  // of an earlier plan
  const auto inventory = take_inventory(
      pointers(setting.plan.cells),
      {old, setting.summary(1, Ending::converged), setting.summary(3, Ending::crashed), foreign},
      setting.digests());
  CHECK(inventory.cached == 1);
  CHECK(inventory.missing == 1);
  CHECK(inventory.stale == 1);
  CHECK(inventory.failed == 1);
  REQUIRE(inventory.to_run.size() == 3);
  CHECK(inventory.to_run[0] == &setting.plan.cells[0]);
  CHECK(inventory.to_run[1] == &setting.plan.cells[2]);
  CHECK(inventory.to_run[2] == &setting.plan.cells[3]);
}

TEST_CASE("a plugin of the plan that was refused is an error with the reason of the refusal") {
  Setting setting;
  setting.catalog.plugins.pop_back();
  CHECK_THROWS_WITH(setting.digests(), Contains("sampler/hmc") && Contains("no such plugin"));
  setting.catalog.refusals.push_back(
      {"/x/hmc.so", "/x/hmc.so: not an ELF file", Kind::sampler, "hmc"});
  CHECK_THROWS_WITH(setting.digests(), Contains("not an ELF file"));
}
