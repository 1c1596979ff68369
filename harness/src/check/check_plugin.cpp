#include "check/check_plugin.hpp"

#include <algorithm>

#include "check/resolve.hpp"

namespace elbow::check {

int check_plugin(const Bench& bench, std::chrono::seconds deadline, const Listener& listener) {
  // What loops in one suite loops in the next.
  constexpr std::chrono::seconds impatient{15};
  int failures = 0;
  Listener counting = listener;
  counting.found = [&](const Finding& finding) {
    failures += finding.outcome.verdict == Verdict::failed;
    listener.found(finding);
  };
  for (const Suite& suite : suites_for(bench.subject.info.kind))
    if (run_isolated(suite, bench, deadline, counting) == SuiteEnd::too_late)
      deadline = std::min(deadline, impatient);
  return failures;
}

Bench make_bench(const PluginInfo& plugin, const std::vector<std::string>& set,
                 const Catalog& catalog, const DataLoader& load_data) {
  Bench bench{{plugin, resolve_options(plugin, set, load_data)}, {}};
  for (const PluginInfo& other : catalog.plugins)
    if (made_from_defaults(other))
      bench.others.push_back({other, resolve_options(other, {}, load_data)});
  return bench;
}

}  // namespace elbow::check
