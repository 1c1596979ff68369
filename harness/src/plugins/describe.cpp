#include <algorithm>
#include <elbow/error.hpp>
#include <sstream>

#include "plugins/description.hpp"

namespace elbow {
namespace {

bool within_bounds(const Option& option, double value) {
  return (option.lower_open ? value > option.lower : value >= option.lower) &&
         (option.upper_open ? value < option.upper : value <= option.upper);
}

bool has_type(const OptionValue& value, OptionType type) {
  switch (type) {
    case OptionType::boolean:
      return std::holds_alternative<bool>(value);
    case OptionType::integer:
      return std::holds_alternative<std::int64_t>(value);
    case OptionType::real:
      return std::holds_alternative<double>(value);
    case OptionType::text:
    case OptionType::choice:
    case OptionType::path:
      return std::holds_alternative<std::string>(value);
    case OptionType::reals:
      return std::holds_alternative<Eigen::VectorXd>(value);
    case OptionType::matrix:
      return std::holds_alternative<Eigen::MatrixXd>(value);
    case OptionType::table:
    case OptionType::array:
      return false;  // data cannot be a default
  }
  return false;
}

/// The first number of a default that lies outside the option's bounds.
std::optional<double> outside_bounds(const Option& option) {
  if (const auto* number = std::get_if<std::int64_t>(&*option.standard))
    return within_bounds(option, double(*number)) ? std::nullopt : std::optional(double(*number));
  if (const auto* number = std::get_if<double>(&*option.standard))
    return within_bounds(option, *number) ? std::nullopt : std::optional(*number);
  if (const auto* numbers = std::get_if<Eigen::VectorXd>(&*option.standard))
    for (double number : *numbers)
      if (!within_bounds(option, number)) return number;
  return {};
}

void check_default(const Option& option, const std::string& where) {
  if (!has_type(*option.standard, option.type))
    throw Error(where + "the default is not of the option's type");
  if (const auto number = outside_bounds(option)) {
    std::ostringstream text;
    text << "the default " << *number << " is outside the bounds "
         << (option.lower_open ? '(' : '[') << option.lower << ", " << option.upper
         << (option.upper_open ? ')' : ']');
    throw Error(where + text.str());
  }
  if (option.type != OptionType::choice) return;
  const auto& choice = std::get<std::string>(*option.standard);
  if (std::find(option.choices.begin(), option.choices.end(), choice) == option.choices.end())
    throw Error(where + "the default \"" + choice + "\" is not among its choices");
}

void check_options(const std::vector<Option>& options, const std::string& file) {
  for (std::size_t i = 0; i < options.size(); ++i) {
    const Option& option = options[i];
    const std::string where = file + ": declared option \"" + option.name + "\": ";
    if (option.name.empty()) throw Error(where + "an option needs a name");
    for (std::size_t j = 0; j < i; ++j)
      if (options[j].name == option.name) throw Error(where + "declared twice");
    if (option.standard) check_default(option, where);
  }
}

}  // namespace

PluginInfo describe_plugin(const Descriptor& d, const std::filesystem::path& file) {
  PluginInfo info{.kind = d.kind,
                  .name = d.name,
                  .summary = d.summary,
                  .source = d.source,
                  .file = file,
                  .digest = {},
                  .provides = d.provides,
                  .needs_of_model = d.needs_of_model,
                  .needs_of_family = d.needs_of_family,
                  .uses_family = d.uses_family,
                  .uses_optimizer = d.uses_optimizer,
                  .population = d.population,
                  .options = d.options()};
  check_options(info.options, file.string());
  return info;
}

}  // namespace elbow
