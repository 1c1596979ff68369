#pragma once

#include "config/experiment.hpp"
#include "config/option_value.hpp"
#include "plugins/plugin_info.hpp"

namespace elbow {

/// Reads the tables of models and methods, checking them against the plugins' declarations. What is
/// wrong goes to the context's problems, and is left out of what is returned.
class BlockReader {
 public:
  BlockReader(const Catalog& catalog, const ReadingContext& context)
      : catalog_(catalog), context_(context) {}

  Block read_model(const std::string& name, const Node& table) const;
  Block read_method(const std::string& name, const Node& table) const;

 private:
  Slot read_slot(Kind kind, const Node& node) const;
  std::vector<PluginChoice> read_choices(Kind kind, const Node& node, Axis* plugin_axis,
                                         const std::vector<std::string>& reserved) const;
  std::optional<PluginChoice> read_choice(Kind kind, const Node& plugin, const Node* table,
                                          const std::vector<std::string>& reserved) const;
  std::optional<Setting> read_setting(const Option& option, const Node& node,
                                      const std::string& owner) const;
  void read_host_settings(const Node& table, Block& block) const;
  void read_posterior_of(const Node& node, const std::string& owner, Block& block) const;
  void check_parts(const Block& block, const Node& table) const;
  void check_zips(const Block& block) const;
  std::string unknown_plugin(Kind kind, const std::string& name) const;

  const Catalog& catalog_;
  const ReadingContext& context_;
};

/// The slots of a method.
inline constexpr Kind method_slots[] = {Kind::family, Kind::estimator, Kind::optimizer,
                                        Kind::sampler};

}  // namespace elbow
