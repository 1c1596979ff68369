#include "cell/plugin_options.hpp"

#include "plan/options.hpp"
#include "record/table.hpp"

namespace elbow {

std::shared_ptr<const Table> load_planned_table(const Json& file) {
  return std::make_shared<const Table>(
      read_table(file.at("path").get<std::string>(), file.value("dataset", "")));
}

Options plugin_options(const PlannedPlugin& planned, const PluginInfo& info) {
  return to_options(planned, info, load_planned_table);
}

}  // namespace elbow
