#pragma once

#include <chrono>
#include <vector>

#include "plugins/folders.hpp"
#include "plugins/plugin_info.hpp"

namespace elbow {

/// Maps each file in a child process and adds its description, or why there is none, to the
/// catalog, in the order of the files. See `scan_plugins`.
void describe_in_child(const std::vector<PluginFile>& files, std::chrono::milliseconds deadline,
                       Catalog& catalog);

}  // namespace elbow
