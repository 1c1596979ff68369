#pragma once

#include <boost/program_options.hpp>
#include <optional>
#include <string>
#include <vector>

namespace elbow {

/// An argument of a verb that is known by its place.
struct Positional {
  std::string name;  ///< as in the usage line: KIND, FILE, ...
  std::string help;
  bool required = true;   ///< optional ones come last
  bool repeated = false;  ///< the last one may be given several times
};

/// What a verb can be called with.
struct CallSyntax {
  std::string verb;
  std::string help;  ///< what the verb does: one or more lines
  std::vector<Positional> positionals;
  boost::program_options::options_description options;  ///< `--help` is added to them
};

struct Call {
  std::vector<std::string> positionals;  ///< as many as were given
  boost::program_options::variables_map options;
};

/// Parses a verb's call. Options may stand before or behind the other arguments; abbreviations are
/// not accepted. With --help it prints the help on standard output and returns nothing.
/// @throws Error for an unknown option, a value that is missing or not of its type, and for too few
///         or too many arguments, saying what was expected.
std::optional<Call> parse_call(const CallSyntax& syntax, const std::vector<std::string>& arguments);

}  // namespace elbow
