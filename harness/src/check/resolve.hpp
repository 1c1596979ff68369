#pragma once

#include "check/subject.hpp"
#include "plan/options.hpp"

namespace elbow::check {

/// The options of a plugin as the host resolves them: what is given over the defaults.
/// @param set  "option=value", the value in TOML; a word that is not TOML is a text
/// @param load_data  reads data files named in `set`
/// @throws Error naming what is unknown, missing or out of bounds.
OptionMap resolve_options(const PluginInfo& info, const std::vector<std::string>& set,
                          const DataLoader& load_data);

/// Whether every option has a default or may be absent.
bool made_from_defaults(const PluginInfo& info);

/// Whether the host's reader takes this number for a value of the option.
bool accepts(const Option& option, double value);

}  // namespace elbow::check
