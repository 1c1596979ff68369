#include "cli/call.hpp"

#include <algorithm>
#include <elbow/error.hpp>
#include <iostream>

#include "config/nearest.hpp"
#include "data/printable.hpp"

namespace elbow {
namespace {

namespace po = boost::program_options;

std::string usage(const CallSyntax& syntax) {
  std::string line = "elbow " + syntax.verb;
  for (const Positional& positional : syntax.positionals)
    line += (positional.required ? " " + positional.name : " [" + positional.name + "]") +
            (positional.repeated ? "..." : "");
  return line + " [options]";
}

void print_help(const CallSyntax& syntax, const po::options_description& options) {
  std::cout << "usage: " << usage(syntax) << "\n\n" << syntax.help << "\n\n";
  std::size_t width = 0;
  for (const Positional& positional : syntax.positionals)
    width = std::max(width, positional.name.size());
  for (const Positional& positional : syntax.positionals)
    std::cout << "  " << positional.name << std::string(width + 3 - positional.name.size(), ' ')
              << positional.help << '\n';
  if (width > 0) std::cout << '\n';
  std::cout << "Options:\n" << options;
}

/// `; did you mean --set?`, or nothing.
std::string nearest_option(const std::string& typed, const po::options_description& options) {
  std::vector<std::string> names;
  for (const auto& option : options.options()) names.push_back("--" + option->long_name());
  const std::string near = nearest_name(typed, names);
  return near.empty() ? "" : "; did you mean " + near + "?";
}

void check_count(const CallSyntax& syntax, const std::vector<std::string>& given) {
  const auto& expected = syntax.positionals;
  const bool open_end = !expected.empty() && expected.back().repeated;
  if (given.size() > expected.size() && !open_end)
    throw Error("unexpected argument \"" + printable(given[expected.size()]) + "\"; the call is `" +
                usage(syntax) + "`");
  if (given.size() < expected.size() && expected[given.size()].required)
    throw Error("expected " + expected[given.size()].name + " (" + expected[given.size()].help +
                "); the call is `" + usage(syntax) + "`");
}

}  // namespace

std::optional<Call> parse_call(const CallSyntax& syntax,
                               const std::vector<std::string>& arguments) {
  po::options_description visible;
  for (const auto& option : syntax.options.options()) visible.add(option);
  visible.add_options()("help,h", "print this text");
  po::options_description all;
  all.add(visible);
  all.add_options()("positional", po::value<std::vector<std::string>>());
  po::positional_options_description places;
  places.add("positional", -1);

  Call call;
  try {
    po::store(
        po::command_line_parser(arguments)
            .options(all)
            .positional(places)
            .style(po::command_line_style::default_style & ~po::command_line_style::allow_guessing)
            .run(),
        call.options);
    if (call.options.count("help")) {
      print_help(syntax, visible);
      return {};
    }
    po::notify(call.options);
  } catch (const po::unknown_option& error) {
    throw Error("there is no option " + printable(error.get_option_name()) +
                nearest_option(error.get_option_name(), visible) + "; `elbow " + syntax.verb +
                " --help` lists the options");
  } catch (const po::validation_error& error) {
    // What is not a text among the options of the verbs is a whole number.
    throw Error(error.get_option_name() + ": expected a whole number; " + error.what());
  } catch (const po::error& error) {
    throw Error(std::string(error.what()) + "; `elbow " + syntax.verb +
                " --help` lists the options");
  }
  if (call.options.count("positional"))
    call.positionals = call.options["positional"].as<std::vector<std::string>>();
  check_count(syntax, call.positionals);
  return call;
}

}  // namespace elbow
