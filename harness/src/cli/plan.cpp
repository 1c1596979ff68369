#include <algorithm>
#include <elbow/error.hpp>
#include <iostream>
#include <map>

#include "cell/planned_model.hpp"
#include "cell/plugin_options.hpp"
#include "cell/trained_cell.hpp"
#include "cli/counted.hpp"
#include "cli/plugin_arguments.hpp"
#include "cli/verbs.hpp"
#include "plan/plan_experiment.hpp"
#include "plan/plan_file.hpp"

namespace {

using namespace elbow;

template <class Variant>
std::size_t widest(const std::vector<Variant>& variants, const std::string& title) {
  std::size_t width = title.size();
  for (const Variant& variant : variants) width = std::max(width, variant.name.size());
  return width;
}

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(text.size(), width), ' ');
  return text;
}

void print_impossible(const Plan& plan, std::ostream& out) {
  if (plan.impossible.empty()) return;
  // One reason often holds for many pairs.
  std::vector<std::string> reasons;
  std::map<std::string, std::vector<const Impossible*>> pairs;
  for (const Impossible& pair : plan.impossible) {
    auto& same = pairs[pair.reason];
    if (same.empty()) reasons.push_back(pair.reason);
    same.push_back(&pair);
  }
  out << "\nimpossible, and skipped:\n";
  for (const std::string& reason : reasons) {
    out << "  " << reason << '\n';
    for (const Impossible* pair : pairs[reason])
      out << "    " << plan.models[pair->model].name << " x " << plan.methods[pair->method].name
          << '\n';
  }
}

void print_text(const Plan& plan, std::ostream& out) {
  if (!plan.title.empty()) out << plan.title << '\n';
  out << plan.experiment_file.string() << ": " << counted(plan.cells.size(), "cell") << " of "
      << counted(plan.models.size(), "model") << ", " << counted(plan.methods.size(), "method")
      << " and " << counted(plan.repeats, "replicate");
  if (!plan.impossible.empty()) out << "; " << counted(plan.impossible.size(), "impossible pair");
  out << "\nseed " << plan.seed;
  if (plan.limits.wall_seconds > 0) out << ", at most " << plan.limits.wall_seconds << " s a cell";
  if (plan.limits.memory_mb > 0) out << ", at most " << plan.limits.memory_mb << " MB a cell";
  const std::size_t model_width = widest(plan.models, "model");
  const std::size_t method_width = widest(plan.methods, "method");
  out << "\n\n  " << padded("hash", 32) << "  " << padded("model", model_width) << "  "
      << padded("method", method_width) << "  replicate\n";
  for (const Cell& cell : plan.cells)
    out << "  " << cell.hash << "  " << padded(plan.models[cell.model].name, model_width) << "  "
        << padded(plan.methods[cell.method].name, method_width) << "  " << cell.replicate << '\n';
  print_impossible(plan, out);
  for (const std::string& note : plan.notes) out << "\nnote: " << note << '\n';
}

}  // namespace

int elbow::verb_plan(const std::vector<std::string>& arguments) {
  CallSyntax syntax{"plan",
                    "Prints the cells of an experiment and the pairs that are impossible; runs "
                    "nothing.",
                    {{"FILE", "an experiment"}},
                    {}};
  std::vector<std::string> overrides;
  syntax.options.add_options()(
      "set", boost::program_options::value(&overrides)->composing()->value_name("PATH=VALUE"),
      "override a value of the file, for example method.NAME.stop.iterations=100");
  add_plugins_option(syntax.options);
  add_format_option(syntax.options);
  const auto call = parse_call(syntax, arguments);
  if (!call) return 0;
  const bool json = wants_json(*call);
  const PlannedExperiment planned =
      plan_experiment(call->positionals[0], overrides, plugin_folders_of(*call), load_planned_data,
                      check_planned_model, find_trained_cell, {},
                      [](const std::string& line) { std::cerr << line << std::endl; });
  json ? print_plan(planned.plan, std::cout) : print_text(planned.plan, std::cout);
  std::cout.flush();
  if (!std::cout) throw Error("the standard output could not be written");
  return 0;
}
