// Every declared option: other legal values work, illegal ones are refused, all of them are read.

#include <algorithm>
#include <elbow/error.hpp>

#include "check/exercise.hpp"
#include "check/resolve.hpp"

namespace elbow::check {
namespace {

/// A small data set for options that take one: two columns of numbers and one of 0 and 1.
std::shared_ptr<const Table> some_table() {
  auto table = std::make_shared<Table>();
  table->columns = {"1", "2", "3"};
  table->values = normals("table", 12, 3);
  table->values.col(2) = (table->values.col(2).array() > 0).cast<double>();
  return table;
}

/// Small images for options that take them: some pixels are black, some white, some neither.
std::shared_ptr<const Array> some_array() {
  const Eigen::MatrixXd values = normals("array", 36, 12);
  std::vector<std::uint8_t> pixels;
  for (const double value : values.reshaped())
    pixels.push_back(std::uint8_t(std::clamp(128 + 128 * value, 0.0, 255.0)));
  return std::make_shared<const Array>(Array{{12, 6, 6}, std::move(pixels)});
}

/// The number moved to another place within the option's bounds.
double another(const Option& option, double value) {
  const double lower = option.lower, upper = option.upper;
  const double step = option.type == OptionType::integer ? 1 : 0.5 * std::max(std::abs(value), 0.1);
  const auto fits = [&](double x) {
    return (option.lower_open ? x > lower : x >= lower) &&
           (option.upper_open ? x < upper : x <= upper);
  };
  for (const double x : {value + step, value - step}) {
    if (fits(x)) return x;
  }
  if (std::isfinite(lower) && std::isfinite(upper)) {
    const double middle = lower + 0.4 * (upper - lower);
    return option.type == OptionType::integer ? std::floor(middle) : middle;
  }
  return value;
}

/// A number to start from where there is no default.
double legal(const Option& option) {
  if (std::isfinite(option.lower)) return another(option, option.lower);
  return std::isfinite(option.upper) ? another(option, option.upper) : 1;
}

/// Legal values of an option other than the one it has. @param now  null when it has none
std::vector<OptionValue> alternatives(const Option& option, const OptionValue* now) {
  std::vector<OptionValue> values;
  switch (option.type) {
    case OptionType::boolean:
      values.emplace_back(!(now && std::get<bool>(*now)));
      break;
    case OptionType::integer: {
      const double value =
          now ? another(option, double(std::get<std::int64_t>(*now))) : legal(option);
      values.emplace_back(std::int64_t(value));
      break;
    }
    case OptionType::real:
      values.emplace_back(now ? another(option, std::get<double>(*now)) : legal(option));
      break;
    case OptionType::choice:
      for (const std::string& name : option.choices)
        if (!now || name != std::get<std::string>(*now)) values.emplace_back(name);
      break;
    case OptionType::reals: {
      Eigen::VectorXd numbers =
          now ? std::get<Eigen::VectorXd>(*now) : Eigen::VectorXd::Constant(2, legal(option));
      for (double& number : numbers) number = another(option, number);
      values.emplace_back(numbers);
      break;
    }
    case OptionType::table:
      if (!now) values.emplace_back(some_table());
      break;
    case OptionType::array:
      if (!now) values.emplace_back(some_array());
      break;
    case OptionType::text:
    case OptionType::matrix:
    case OptionType::path:
      break;  // what makes sense there is the plugin's own knowledge
  }
  return values;
}

struct Tried {
  int made = 0, refused = 0;
  std::string refusals;
};

void try_options(const Bench& bench, const Option& option, const OptionMap& options, Tried& tried,
                 std::set<std::string, std::less<>>& reads) {
  try {
    exercise(bench, options, reads);
    ++tried.made;
  } catch (const OptionError& error) {
    ++tried.refused;
    tried.refusals = error.what();
  } catch (const Unsupported& error) {
    ++tried.refused;
    tried.refusals = error.what();
  } catch (const std::exception& error) {
    throw Error("option \"" + option.name + "\" with another legal value: " + error.what());
  }
}

/// Makes the plugin with every alternative of an option, everything else as it is.
void try_alternatives(const Bench& bench, const Option& option, Tried& tried,
                      std::set<std::string, std::less<>>& reads) {
  const auto found = bench.subject.options.find(option.name);
  const OptionValue* now = found == bench.subject.options.end() ? nullptr : &found->second;
  for (const OptionValue& value : alternatives(option, now)) {
    OptionMap options = bench.subject.options;
    options.insert_or_assign(option.name, value);
    try_options(bench, option, options, tried, reads);
  }
  if (now && !option.standard && !option.is_required) {
    OptionMap options = bench.subject.options;
    options.erase(option.name);
    try_options(bench, option, options, tried, reads);
  }
}

bool all_read(const PluginInfo& info, const std::set<std::string, std::less<>>& reads) {
  return std::all_of(info.options.begin(), info.options.end(),
                     [&](const Option& option) { return reads.count(option.name) > 0; });
}

/// Choices as declared, everything else as it is, and every other choice from there: an option may
/// be of one choice only, which the choices that are set rule out.
void try_choices_from_defaults(const Bench& bench, Tried& tried,
                               std::set<std::string, std::less<>>& reads) {
  Bench standard = bench;
  for (const Option& option : bench.subject.info.options)
    if (option.type == OptionType::choice && option.standard)
      standard.subject.options.insert_or_assign(option.name, *option.standard);
  for (const Option& option : bench.subject.info.options)
    if (option.type == OptionType::choice) try_alternatives(standard, option, tried, reads);
}

Outcome unread(const PluginInfo& info, const std::set<std::string, std::less<>>& reads,
               const Tried& tried) {
  std::string names;
  for (const Option& option : info.options)
    if (!reads.count(option.name)) names += (names.empty() ? "" : ", ") + option.name;
  if (info.options.empty()) return not_applicable("there are no options");
  return judge(names.empty(),
               names.empty() ? say(info.options.size(), " options") : "never asked for: " + names,
               ", made ", tried.made + 1, " times");
}

/// A value just outside each bound, as the host's reader sees it.
Outcome bounds(const PluginInfo& info) {
  int tried = 0;
  for (const Option& option : info.options) {
    if (option.type != OptionType::integer && option.type != OptionType::real) continue;
    const double step = option.type == OptionType::integer ? 1 : 0.1;
    for (const bool low : {true, false}) {
      const double bound = low ? option.lower : option.upper;
      if (!std::isfinite(bound)) continue;
      const double outside = low ? bound - step : bound + step;
      ++tried;
      if (accepts(option, outside))
        return failed("option \"", option.name, "\" accepts ", outside, ", its bound is ", bound);
    }
  }
  if (tried == 0) return not_applicable("no number has a bound");
  return passed(tried, " values");
}

}  // namespace

void check_options(const Bench& bench, Report& report) {
  const PluginInfo& info = bench.subject.info;
  std::set<std::string, std::less<>> reads;
  Tried tried;
  report.check("it can be made with these options", [&] {
    exercise(bench, bench.subject.options, reads);
    return passed(bench.subject.options.size(), " options set");
  });
  report.check("every option takes another legal value", [&] {
    for (const Option& option : info.options) try_alternatives(bench, option, tried, reads);
    if (tried.made + tried.refused == 0) return not_applicable("there is nothing to vary");
    std::string text = say(tried.made, " values");
    if (tried.refused)
      text += say(", ", tried.refused, " more refused in words (", tried.refusals, ")");
    return passed(text);
  });
  report.check("the host refuses numbers out of bounds", [&] { return bounds(info); });
  report.check("every declared option is read", [&] {
    if (!all_read(info, reads)) try_choices_from_defaults(bench, tried, reads);
    return unread(info, reads, tried);
  });
}

}  // namespace elbow::check
