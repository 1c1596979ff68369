#include "cell/plugin_options.hpp"

#include "plan/options.hpp"
#include "record/table.hpp"

namespace elbow {

Options plugin_options(const PlannedPlugin& planned, const PluginInfo& info) {
  return to_options(planned, info, [](const Json& file) {
    return std::make_shared<const Table>(
        read_table(file.at("path").get<std::string>(), file.value("dataset", "")));
  });
}

}  // namespace elbow
