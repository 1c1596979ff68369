#include <elbow/error.hpp>
#include <elbow/option.hpp>

namespace elbow {
namespace {

Option declare(std::string name, OptionType type, std::string help) {
  Option option;
  option.name = std::move(name);
  option.type = type;
  option.help = std::move(help);
  return option;
}

Option declare(std::string name, OptionType type, OptionValue standard, std::string help) {
  Option option = declare(std::move(name), type, std::move(help));
  option.standard = std::move(standard);
  return option;
}

Option declare_required(std::string name, OptionType type, std::string help) {
  Option option = declare(std::move(name), type, std::move(help));
  option.is_required = true;
  return option;
}

}  // namespace

Option boolean(std::string name, bool standard, std::string help) {
  return declare(std::move(name), OptionType::boolean, standard, std::move(help));
}
Option integer(std::string name, std::int64_t standard, std::string help) {
  return declare(std::move(name), OptionType::integer, standard, std::move(help));
}
Option integer(std::string name, RequiredTag, std::string help) {
  return declare_required(std::move(name), OptionType::integer, std::move(help));
}
Option integer(std::string name, OptionalTag, std::string help) {
  return declare(std::move(name), OptionType::integer, std::move(help));
}
Option real(std::string name, double standard, std::string help) {
  return declare(std::move(name), OptionType::real, standard, std::move(help));
}
Option real(std::string name, RequiredTag, std::string help) {
  return declare_required(std::move(name), OptionType::real, std::move(help));
}
Option real(std::string name, OptionalTag, std::string help) {
  return declare(std::move(name), OptionType::real, std::move(help));
}
Option text(std::string name, std::string standard, std::string help) {
  return declare(std::move(name), OptionType::text, std::move(standard), std::move(help));
}
Option text(std::string name, OptionalTag, std::string help) {
  return declare(std::move(name), OptionType::text, std::move(help));
}
Option choice(std::string name, std::vector<std::string> names, std::string help) {
  Option option = declare(std::move(name), OptionType::choice, names.at(0), std::move(help));
  option.choices = std::move(names);
  return option;
}
Option reals(std::string name, std::vector<double> standard, std::string help) {
  Eigen::VectorXd values = Eigen::Map<Eigen::VectorXd>(standard.data(), Index(standard.size()));
  return declare(std::move(name), OptionType::reals, std::move(values), std::move(help));
}
Option reals(std::string name, RequiredTag, std::string help) {
  return declare_required(std::move(name), OptionType::reals, std::move(help));
}
Option reals(std::string name, OptionalTag, std::string help) {
  return declare(std::move(name), OptionType::reals, std::move(help));
}
Option matrix(std::string name, OptionalTag, std::string help) {
  return declare(std::move(name), OptionType::matrix, std::move(help));
}
Option path(std::string name, RequiredTag, std::string help) {
  return declare_required(std::move(name), OptionType::path, std::move(help));
}
Option path(std::string name, OptionalTag, std::string help) {
  return declare(std::move(name), OptionType::path, std::move(help));
}
Option table(std::string name, RequiredTag, std::string help) {
  return declare_required(std::move(name), OptionType::table, std::move(help));
}
Option table(std::string name, OptionalTag, std::string help) {
  return declare(std::move(name), OptionType::table, std::move(help));
}
Option array(std::string name, RequiredTag, std::string help) {
  return declare_required(std::move(name), OptionType::array, std::move(help));
}
Option array(std::string name, OptionalTag, std::string help) {
  return declare(std::move(name), OptionType::array, std::move(help));
}

namespace {

template <class T>
const T& value(const std::map<std::string, OptionValue, std::less<>>& values, std::string_view name,
               const char* type) {
  const auto found = values.find(name);
  if (found == values.end())
    throw Error("option \"" + std::string(name) + "\" was asked for but is not set");
  const T* typed = std::get_if<T>(&found->second);
  if (!typed) throw Error("option \"" + std::string(name) + "\" was asked for as " + type);
  return *typed;
}

}  // namespace

bool Options::boolean(std::string_view name) const {
  note(name);
  return value<bool>(values_, name, "boolean");
}
Index Options::integer(std::string_view name) const {
  note(name);
  return value<std::int64_t>(values_, name, "integer");
}
double Options::real(std::string_view name) const {
  note(name);
  return value<double>(values_, name, "real");
}
const std::string& Options::text(std::string_view name) const {
  note(name);
  return value<std::string>(values_, name, "text");
}
const Eigen::VectorXd& Options::reals(std::string_view name) const {
  note(name);
  return value<Eigen::VectorXd>(values_, name, "reals");
}
const Eigen::MatrixXd& Options::matrix(std::string_view name) const {
  note(name);
  return value<Eigen::MatrixXd>(values_, name, "matrix");
}
const Table& Options::table(std::string_view name) const {
  note(name);
  return *value<std::shared_ptr<const Table>>(values_, name, "table");
}
const std::shared_ptr<const Array>& Options::array(std::string_view name) const {
  note(name);
  return value<std::shared_ptr<const Array>>(values_, name, "array");
}

}  // namespace elbow
