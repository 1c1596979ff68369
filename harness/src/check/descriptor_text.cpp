// What a plugin says of itself.

#include <algorithm>
#include <set>

#include "check/suites.hpp"

namespace elbow::check {
namespace {

bool is_identifier(const std::string& name) {
  if (name.empty() || !(name[0] >= 'a' && name[0] <= 'z')) return false;
  return name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
}

bool within(const Option& option, double value) {
  return (option.lower_open ? value > option.lower : value >= option.lower) &&
         (option.upper_open ? value < option.upper : value <= option.upper);
}

/// Every number of a default, if it has any.
bool default_within(const Option& option) {
  if (!option.standard) return true;
  if (const auto* whole = std::get_if<std::int64_t>(&*option.standard))
    return within(option, double(*whole));
  if (const auto* number = std::get_if<double>(&*option.standard)) return within(option, *number);
  if (const auto* numbers = std::get_if<Eigen::VectorXd>(&*option.standard))
    return std::all_of(numbers->begin(), numbers->end(),
                       [&](double number) { return within(option, number); });
  return true;
}

Outcome options(const PluginInfo& info) {
  std::set<std::string> names;
  for (const Option& option : info.options) {
    if (!is_identifier(option.name)) return failed("\"", option.name, "\" is not an identifier");
    if (!names.insert(option.name).second)
      return failed("two options are called \"", option.name, "\"");
    if (option.help.empty()) return failed("option \"", option.name, "\" has no help");
    if (option.help.find('\n') != std::string::npos)
      return failed("the help of option \"", option.name, "\" has more than one line");
    if (!default_within(option))
      return failed("the default of option \"", option.name, "\" is out of its bounds");
  }
  return passed(info.options.size(), " options");
}

/// Which bits a kind may provide.
Ability abilities_of(Kind kind) {
  if (kind == Kind::model) return Ability(0xffff);
  if (kind == Kind::family) return Ability(0xffff0000);
  if (kind == Kind::estimator) return Ability::unbiased_gradient | Ability::amortizes;
  return Ability::none;
}

Outcome abilities(const Subject& subject) {
  const Ability strange = subject.provides() & ~abilities_of(subject.info.kind);
  if (strange != Ability::none)
    return failed("a ", kind_name(subject.info.kind), " cannot provide ", ability_names(strange));
  const Ability model = subject.needs_of_model() & ~abilities_of(Kind::model);
  if (model != Ability::none) return failed("a model cannot have ", ability_names(model));
  const Ability family = subject.needs_of_family() & ~abilities_of(Kind::family);
  if (family != Ability::none) return failed("a family cannot have ", ability_names(family));
  if (subject.info.kind == Kind::model && subject.provides() == Ability::none)
    return failed("a model without any ability");
  return passed(ability_names(subject.provides()));
}

}  // namespace

void check_descriptor_text(const Bench& bench, Report& report) {
  const PluginInfo& info = bench.subject.info;
  report.check("the name is an identifier and that of the file", [&] {
    if (!is_identifier(info.name)) return failed("\"", info.name, "\"");
    return judge(info.file.stem() == info.name, "\"", info.name, "\" in ",
                 info.file.filename().string());
  });
  report.check("the summary is one line", [&] {
    return judge(!info.summary.empty() && info.summary.find('\n') == std::string::npos,
                 info.summary);
  });
  report.check("a source is given", [&] {
    if (info.source.empty()) return not_applicable("none; a method's paper belongs here");
    return passed(info.source);
  });
  report.check("options are named, explained and have defaults within their bounds",
               [&] { return options(info); });
  report.check("the abilities are those of its kind", [&] { return abilities(bench.subject); });
}

}  // namespace elbow::check
