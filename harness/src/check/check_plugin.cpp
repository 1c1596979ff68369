#include "check/check_plugin.hpp"

#include "check/isolate.hpp"
#include "check/resolve.hpp"

namespace elbow::check {

int check_plugin(const Bench& bench, const std::function<void(const Finding&)>& found,
                 std::chrono::seconds deadline_of_a_suite) {
  int failures = 0;
  for (const Suite& suite : suites_for(bench.subject.info.kind))
    for (const Finding& finding : run_isolated(suite, bench, deadline_of_a_suite)) {
      failures += finding.outcome.verdict == Verdict::failed;
      found(finding);
    }
  return failures;
}

Bench make_bench(const PluginInfo& plugin, const std::vector<std::string>& set,
                 const Catalog& catalog, const TableLoader& load_table) {
  Bench bench{{plugin, resolve_options(plugin, set, load_table)}, {}};
  for (const PluginInfo& other : catalog.plugins)
    if (made_from_defaults(other))
      bench.others.push_back({other, resolve_options(other, {}, load_table)});
  return bench;
}

}  // namespace elbow::check
