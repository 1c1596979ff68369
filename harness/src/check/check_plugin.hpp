#pragma once

#include <chrono>

#include "check/isolate.hpp"
#include "plan/options.hpp"

namespace elbow::check {

/// Runs all suites for the plugin's kind, each in a process of its own.
/// @param deadline  of each check; once one has outlasted it, the other suites have less patience
/// @return how many checks failed
int check_plugin(const Bench& bench, std::chrono::seconds deadline, const Listener& listener);

/// The plugin with the options of `set`, and every other plugin of the catalog that can be made
/// from its defaults.
/// @param load_data  reads data files named in `set`
/// @throws Error naming what is unknown, missing or out of bounds.
Bench make_bench(const PluginInfo& plugin, const std::vector<std::string>& set,
                 const Catalog& catalog, const DataLoader& load_data);

}  // namespace elbow::check
