#include <boost/program_options.hpp>
#include <elbow/error.hpp>
#include <iostream>
#include <optional>

#include "cli/progress_display.hpp"
#include "cli/verbs.hpp"
#include "cli/workers.hpp"
#include "plan/plan_file.hpp"
#include "plugins/folders.hpp"
#include "plugins/scan.hpp"
#include "run/selection.hpp"
#include "run/verification.hpp"

namespace {

using namespace elbow;
namespace po = boost::program_options;

struct VerifyCall {
  bool quiet = false;
  std::string folder;
  std::vector<std::string> only, plugin_folders;
  std::size_t workers = 1;
  std::optional<std::size_t> sample;
};

/// Nothing after --help.
std::optional<VerifyCall> parse_verify(const std::vector<std::string>& arguments) {
  VerifyCall call;
  po::options_description options("options");
  options.add_options()("sample", po::value<std::int64_t>()->value_name("N"),
                        "only N cells, spread over the plan")(
      "only", po::value(&call.only)->composing()->value_name("CELL"),
      "only these cells, as in `elbow run`")("jobs,j", po::value<std::int64_t>()->value_name("N"),
                                             "cells at a time; default: the processors available")(
      "plugins", po::value(&call.plugin_folders)->composing()->value_name("FOLDER"),
      "another folder of plugins")("quiet,q", po::bool_switch(&call.quiet),
                                   "only differences and errors");
  const auto parsed =
      parse_call({"verify",
                  "Runs the cells of a result folder again, elsewhere, and compares "
                  "all but times and provenance bit for bit.",
                  {{"DIR", "a result folder, results/<experiment>", true}},
                  options},
                 arguments);
  if (!parsed) return std::nullopt;
  call.folder = parsed->positionals.front();
  call.workers = workers_of(*parsed);
  if (parsed->options.count("sample")) {
    const std::int64_t sample = parsed->options["sample"].as<std::int64_t>();
    if (sample < 1) throw Error("--sample must be at least 1, got " + std::to_string(sample));
    call.sample = std::size_t(sample);
  }
  return call;
}

/// The plugins that a plan names.
std::vector<PluginName> plugins_of(const Plan& plan) {
  std::vector<PluginName> names;
  for (const ModelVariant& model : plan.models)
    names.push_back({model.plugin.kind, model.plugin.name});
  for (const MethodVariant& method : plan.methods)
    for (const auto* part : {&method.family, &method.estimator, &method.optimizer, &method.sampler})
      if (*part) names.push_back({(*part)->kind, (*part)->name});
  return names;
}

}  // namespace

int elbow::verb_verify(const std::vector<std::string>& arguments) {
  const std::optional<VerifyCall> parsed = parse_verify(arguments);
  if (!parsed) return 0;
  const VerifyCall& call = *parsed;
  const std::filesystem::path folder = call.folder;
  if (!std::filesystem::exists(folder / "plan.json"))
    throw Error(folder.string() + ": not a result folder: expected plan.json in it");
  const Plan plan = read_plan(folder / "plan.json").plan;
  ScanSettings scan;
  scan.digests = true;
  const Catalog catalog =
      scan_plugins(plugin_folders({call.plugin_folders.begin(), call.plugin_folders.end()}),
                   plugins_of(plan), scan);

  const Repeatable repeatable = repeatable_cells(plan, folder, select_cells(plan, call.only));
  const auto cells = call.sample ? spread_sample(repeatable.cells, *call.sample) : repeatable.cells;
  const auto left_out = [](std::size_t count, const char* why) {
    if (count > 0) std::cout << "not compared: " << count << ' ' << why << '\n';
  };
  if (!call.quiet) {
    left_out(repeatable.missing, "that have no results");
    left_out(repeatable.failed, "that failed");
    left_out(repeatable.timed, "with a budget in seconds");
    std::cout.flush();
  }
  ScheduleSettings settings;
  settings.workers = call.workers;
  settings.limits = plan.limits;
  ProgressDisplay progress(0, call.quiet);
  const VerificationResult result =
      verify_cells(plan, catalog, folder, cells, settings,
                   [&](const ScheduleState& state) { progress.show(state); });
  progress.finish();

  for (const Deviation& deviation : result.deviations)
    std::cout << cell_label(plan, *deviation.cell) << " (" << deviation.cell->hash << ")"
              << (deviation.rebuilt ? ", a plugin of which is another build now" : "") << ":\n  "
              << deviation.difference << '\n';
  if (!call.quiet)
    std::cout << result.compared << " of " << cells.size() << " cells compared, "
              << result.deviations.size() << " with a difference\n";
  std::cout.flush();
  if (!result.error.empty()) {
    std::cerr << "elbow verify: stopped, because a result could not be stored: " << result.error
              << '\n';
    return 1;
  }
  if (result.interrupted_by != 0) return 128 + result.interrupted_by;
  if (result.compared == 0) {
    std::cerr << "elbow verify: nothing was compared\n";
    return 1;
  }
  return result.deviations.empty() ? 0 : 1;
}
