#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "config/host_options.hpp"
#include "config/option_value.hpp"

namespace elbow {

/// The options of the host that stand at the top of a file, with their defaults. Other keys are
/// passed over.
nlohmann::ordered_json read_top_options(const Node& root, const ReadingContext& context);

/// The options of the section [name], with their defaults; reports other keys.
nlohmann::ordered_json read_section(const Node& root, const std::string& name,
                                    const ReadingContext& context);

/// The table of the host's options of a name. @pre there is one
const HostTable& host_table(const std::string& name);

}  // namespace elbow
