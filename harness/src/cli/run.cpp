#include <algorithm>
#include <boost/program_options.hpp>
#include <csignal>
#include <elbow/error.hpp>
#include <iostream>
#include <map>
#include <optional>

#include "cell/planned_model.hpp"
#include "cell/plugin_options.hpp"
#include "cell/trained_cell.hpp"
#include "cli/counted.hpp"
#include "cli/progress_display.hpp"
#include "cli/verbs.hpp"
#include "cli/workers.hpp"
#include "plan/plan_experiment.hpp"
#include "plugins/folders.hpp"
#include "run/experiment_run.hpp"
#include "run/result_folder.hpp"
#include "run/selection.hpp"

namespace {

using namespace elbow;
namespace po = boost::program_options;

constexpr std::size_t most_failures_shown = 50, most_snapshots_shown = 20;

struct RunCall {
  bool fail_fast = false, quiet = false;
  std::string file, results = "results";
  std::vector<std::string> overrides, only, folders;
  std::size_t workers = 1;
  std::optional<std::uint64_t> shuffle;
};

/// Nothing after --help.
std::optional<RunCall> parse_run(const std::vector<std::string>& arguments) {
  RunCall call;
  po::options_description options("options");
  options.add_options()(
      "jobs,j", po::value<std::int64_t>()->value_name("N"),
      "busy processes at a time: cells, and chains of a cell where fewer cells are left; default: "
      "the processors available")(
      "set", po::value(&call.overrides)->composing()->value_name("PATH=VALUE"),
      "override a value of the file, for example method.NAME.stop.iterations=100")(
      "only", po::value(&call.only)->composing()->value_name("CELL"),
      "only these cells: the beginning of a hash, or MODEL/METHOD or MODEL/METHOD/REPLICATE with "
      "wildcards (* ? [...]); may be repeated")("fail-fast", po::bool_switch(&call.fail_fast),
                                                "stop everything at the first failure")(
      "results", po::value(&call.results)->value_name("FOLDER"),
      "where the experiment's folder is; default: results, in the current directory")(
      "plugins", po::value(&call.folders)->composing()->value_name("FOLDER"),
      "another folder of plugins")("shuffle", po::value<std::int64_t>()->value_name("SEED"),
                                   "start the cells in a random order, for an early view of the "
                                   "whole grid; results do not depend on it")(
      "quiet,q", po::bool_switch(&call.quiet), "only failures and errors");
  const auto parsed = parse_call(
      {"run",
       "Runs the cells of an experiment that are missing, failed, or were made by another build of "
       "a plugin. The results go into <results>/<name of FILE without .toml>.",
       {{"FILE", "an experiment", true}},
       options},
      arguments);
  if (!parsed) return std::nullopt;
  call.file = parsed->positionals.front();
  call.workers = workers_of(*parsed);
  if (parsed->options.count("shuffle")) {
    const std::int64_t seed = parsed->options["shuffle"].as<std::int64_t>();
    if (seed < 0) throw Error("--shuffle must be at least 0, got " + std::to_string(seed));
    call.shuffle = std::uint64_t(seed);
  }
  return call;
}

/// As a shell reads it back.
std::string quoted(const std::string& word) {
  const std::string plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=,:+@%";
  if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) return word;
  std::string text = "'";
  for (char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

void announce_snapshots(const Plan& plan, const std::vector<FoundSnapshot>& snapshots) {
  const std::size_t shown = std::min(snapshots.size(), most_snapshots_shown);
  for (std::size_t i = 0; i < shown; ++i) {
    const FoundSnapshot& snapshot = snapshots[i];
    const Cell& cell = *snapshot.cell;
    std::cerr << plan.models[cell.model].name << '/' << plan.methods[cell.method].name << '/'
              << cell.replicate;
    if (snapshot.refusal.empty())
      std::cerr << " goes on from iteration " << snapshot.iteration << '\n';
    else
      std::cerr << " starts anew: " << snapshot.refusal << '\n';
  }
  if (snapshots.size() > shown)
    std::cerr << "... and " << snapshots.size() - shown << " more cells that were interrupted\n";
}

void announce(const Plan& plan, const ExperimentRun& run, const std::string& folder) {
  const Inventory& inventory = run.inventory();
  const std::size_t total = inventory.cached + inventory.to_run.size();
  std::cerr << folder << ": " << counted(total, "cell") << ", " << inventory.cached << " cached, "
            << inventory.to_run.size() << " to run";
  std::string why;
  const auto add = [&](std::size_t count, const std::string& text) {
    if (count > 0) why += (why.empty() ? "" : ", ") + std::to_string(count) + " " + text;
  };
  add(inventory.missing, "new");
  add(inventory.failed, "failed before");
  add(inventory.stale, "made by another build of a plugin");
  if (!why.empty() && inventory.missing < total) std::cerr << " (" << why << ")";
  std::cerr << '\n';
  if (run.leftovers() > 0)
    std::cerr << counted(run.leftovers(), "unfinished file") << " of a killed run removed\n";
  announce_snapshots(plan, run.snapshots());
  for (const std::string& note : plan.notes) std::cerr << "note: " << note << '\n';
  if (plan.impossible.empty()) return;
  std::cerr << counted(plan.impossible.size(), "pair")
            << " of model and method skipped as impossible (`elbow plan` lists them):\n";
  std::map<std::string, std::size_t> reasons;
  for (const Impossible& pair : plan.impossible) ++reasons[pair.reason];
  for (const auto& [reason, count] : reasons)
    std::cerr << "  " << reason << (count > 1 ? " (" + counted(count, "pair") + ")" : "") << '\n';
}

void print_summary(const ScheduleResult& result, std::size_t to_run, std::size_t cached,
                   double seconds, const std::string& folder) {
  std::map<std::string, std::size_t> endings;
  for (const FinishedCell& cell : result.finished) ++endings[ending_name(cell.outcome.ending)];
  std::cout << result.finished.size() << " of " << counted(to_run, "cell") << " run in "
            << duration_text(seconds);
  const char* separator = ": ";
  for (const auto& [ending, count] : endings) {
    std::cout << separator << count << ' ' << ending;
    separator = ", ";
  }
  if (cached > 0) std::cout << "; " << cached << " cached";
  std::cout << "\nresults in " << folder << '\n';
}

/// Why plugins refused cells that planning had thought possible.
void print_skipped(const ScheduleResult& result) {
  std::map<std::string, std::size_t> reasons;
  for (const FinishedCell& cell : result.finished)
    if (cell.outcome.ending == Ending::skipped) ++reasons[cell.outcome.reason];
  for (const auto& [reason, count] : reasons)
    std::cout << counted(count, "cell") << " skipped: " << reason << '\n';
}

void print_failures(const Plan& plan, const ScheduleResult& result,
                    const std::filesystem::path& folder) {
  std::vector<const FinishedCell*> failures;
  for (const FinishedCell& cell : result.finished)
    if (is_failure(cell.outcome.ending)) failures.push_back(&cell);
  if (failures.empty()) return;
  std::sort(failures.begin(), failures.end(),
            [](const auto* a, const auto* b) { return a->cell < b->cell; });
  std::cout << '\n' << counted(failures.size(), "failure") << ":\n";
  const auto row = [&](const std::vector<std::string>& fields, std::size_t model,
                       std::size_t method) {
    const std::size_t widths[] = {model, method, 9, 13, 0};
    std::cout << ' ';
    for (std::size_t i = 0; i < fields.size(); ++i) {
      std::string field = fields[i];
      field.resize(std::max(field.size(), widths[i]), ' ');
      std::cout << ' ' << field << (i + 1 < fields.size() ? " " : "\n");
    }
  };
  const std::size_t shown = std::min(failures.size(), most_failures_shown);
  std::size_t model_width = 5, method_width = 6;
  for (std::size_t i = 0; i < shown; ++i) {
    model_width = std::max(model_width, plan.models[failures[i]->cell->model].name.size());
    method_width = std::max(method_width, plan.methods[failures[i]->cell->method].name.size());
  }
  row({"model", "method", "replicate", "outcome", "log"}, model_width, method_width);
  for (std::size_t i = 0; i < shown; ++i) {
    const Cell& cell = *failures[i]->cell;
    row({plan.models[cell.model].name, plan.methods[cell.method].name,
         std::to_string(cell.replicate), ending_name(failures[i]->outcome.ending),
         (folder / failure_log_path(cell.hash)).string()},
        model_width, method_width);
    std::string reason = failures[i]->outcome.reason;
    for (std::size_t at = 0; (at = reason.find('\n', at)) != std::string::npos; at += 7)
      reason.replace(at, 1, "\n      ");
    std::cout << "      " << reason << '\n';
  }
  if (failures.size() > shown)
    std::cout << "  ... and " << failures.size() - shown << " more, all in "
              << (folder / "failures").string() << '\n';
}

}  // namespace

int elbow::verb_run(const std::vector<std::string>& arguments) {
  const std::optional<RunCall> parsed = parse_run(arguments);
  if (!parsed) return 0;
  const RunCall& call = *parsed;

  ScanSettings scan;
  scan.digests = true;
  const auto [plan, catalog] =
      plan_experiment(call.file, call.overrides,
                      plugin_folders({call.folders.begin(), call.folders.end()}), load_planned_data,
                      check_planned_model, find_trained_cell, scan, [&](const std::string& line) {
                        if (!call.quiet) std::cerr << line << std::endl;
                      });
  std::vector<const Cell*> cells = select_cells(plan, call.only);
  if (call.shuffle) shuffle_cells(cells, *call.shuffle);

  const std::filesystem::path folder =
      std::filesystem::path(call.results) / std::filesystem::path(call.file).stem();
  ExperimentRun run(plan, catalog, folder, cells);
  const Inventory& inventory = run.inventory();
  if (!call.quiet) announce(plan, run, folder.string());

  ScheduleSettings settings;
  settings.workers = call.workers;
  settings.limits = plan.limits;
  settings.fail_fast = call.fail_fast;
  ProgressDisplay progress(inventory.cached, call.quiet);
  const ScheduleResult result =
      run.run(settings, [&](const ScheduleState& state) { progress.show(state); });
  progress.finish();

  if (!call.quiet) {
    print_summary(result, inventory.to_run.size(), inventory.cached, progress.seconds(),
                  folder.string());
    print_skipped(result);
  }
  print_failures(plan, result, folder);
  std::cout.flush();
  if (!result.error.empty()) {
    std::cerr << "elbow run: stopped, because a result could not be stored: " << result.error
              << "\ncompleted cells are intact; the same command runs the rest\n";
    return 1;
  }
  if (result.interrupted_by != 0) {
    std::cerr << "interrupted; completed cells are kept, and this runs the rest:\n  elbow run";
    for (const std::string& argument : arguments) std::cerr << ' ' << quoted(argument);
    std::cerr << '\n';
    return 128 + result.interrupted_by;
  }
  const bool failed = std::any_of(result.finished.begin(), result.finished.end(),
                                  [](const auto& cell) { return is_failure(cell.outcome.ending); });
  return failed ? 1 : 0;
}
