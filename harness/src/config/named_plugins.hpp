#pragma once

#include <string>
#include <vector>

#include "plugins/scan.hpp"

namespace elbow {

/// The plugins that an experiment names, so that no other need be opened. What cannot be read is
/// passed over: `read_experiment` says what is wrong with it.
std::vector<PluginName> named_plugins(const std::string& text,
                                      const std::vector<std::string>& overrides);

}  // namespace elbow
