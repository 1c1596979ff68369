#include "cell/plugin_options.hpp"

#include "plan/options.hpp"
#include "record/array.hpp"
#include "record/table.hpp"

namespace elbow {

OptionValue load_planned_data(const Json& file, OptionType type) {
  const std::filesystem::path path = file.at("path").get<std::string>();
  const std::string dataset = file.value("dataset", "");
  if (type == OptionType::array) return std::make_shared<const Array>(read_array(path, dataset));
  return std::make_shared<const Table>(read_table(path, dataset));
}

Options plugin_options(const PlannedPlugin& planned, const PluginInfo& info) {
  return to_options(planned, info, load_planned_data);
}

}  // namespace elbow
