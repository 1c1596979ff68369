#include "plan/options.hpp"

#include <algorithm>
#include <elbow/error.hpp>

namespace elbow {
namespace {

Eigen::VectorXd to_vector(const Json& values) {
  Eigen::VectorXd vector(Index(values.size()));
  for (Index i = 0; i < vector.size(); ++i) vector[i] = values[std::size_t(i)].get<double>();
  return vector;
}

Eigen::MatrixXd to_matrix(const Json& rows) {
  Eigen::MatrixXd matrix(Index(rows.size()), Index(rows.empty() ? 0 : rows[0].size()));
  for (Index i = 0; i < matrix.rows(); ++i) matrix.row(i) = to_vector(rows[std::size_t(i)]);
  return matrix;
}

OptionValue to_value(OptionType type, const Json& json, const DataLoader& load_data) {
  switch (type) {
    case OptionType::boolean:
      return json.get<bool>();
    case OptionType::integer:
      return json.get<std::int64_t>();
    case OptionType::real:
      return json.get<double>();
    case OptionType::text:
    case OptionType::choice:
      return json.get<std::string>();
    case OptionType::reals:
      return to_vector(json);
    case OptionType::matrix:
      return to_matrix(json);
    case OptionType::path:
      // Of a Stan program, what was made of it.
      return (json.contains("library") ? json["library"] : json).at("path").get<std::string>();
    case OptionType::table:
    case OptionType::array:
      break;
  }
  return load_data(json, type);
}

}  // namespace

std::map<std::string, OptionValue, std::less<>> option_values(const PlannedPlugin& plugin,
                                                              const PluginInfo& info,
                                                              const DataLoader& load_data) {
  const std::string owner = std::string(kind_name(plugin.kind)) + " \"" + plugin.name + "\": ";
  std::map<std::string, OptionValue, std::less<>> values;
  for (const auto& item : plugin.options.items()) {
    const std::string& name = item.key();
    const Json& json = item.value();
    const auto option = std::find_if(info.options.begin(), info.options.end(),
                                     [&](const Option& o) { return o.name == name; });
    if (option == info.options.end())
      throw Error(owner + "the plan has the option \"" + name +
                  "\", but the plugin does not declare it; plan again with this plugin");
    try {
      values.emplace(name, to_value(option->type, json, load_data));
    } catch (const nlohmann::json::exception& error) {
      throw Error(owner + "the plan's value of \"" + name + "\", " + json.dump() +
                  ", is not of the type that the plugin declares (" + error.what() + ")");
    }
  }
  return values;
}

Options to_options(const PlannedPlugin& plugin, const PluginInfo& info,
                   const DataLoader& load_data) {
  return Options(option_values(plugin, info, load_data));
}

}  // namespace elbow
