#include <elbow/error.hpp>
#include <fstream>
#include <iostream>
#include <map>
#include <regex>
#include <set>

#include "cli/plugin_arguments.hpp"
#include "cli/verbs.hpp"
#include "data/printable.hpp"

namespace elbow {
namespace {

namespace fs = std::filesystem;

/// Where the program is installed, or built: it has bin, lib and share in it.
fs::path prefix() { return fs::read_symlink("/proc/self/exe").parent_path().parent_path(); }

using Substitutions = std::map<std::string, std::string>;

/// "horseshoe" -> "HorseshoeModel", "my_model" -> "MyModel": a class that cannot be mistaken for
/// what the SDK calls so (Gaussian, Draws, Index, ...).
std::string class_name(const std::string& name, const std::string& kind) {
  const bool ends_with_kind = name.ends_with("_" + kind);
  std::string result;
  bool starts_word = true;
  for (const char letter : ends_with_kind ? name : name + "_" + kind) {
    if (letter != '_')
      result += starts_word ? char(std::toupper(static_cast<unsigned char>(letter))) : letter;
    starts_word = letter == '_';
  }
  // The SDK's own classes that end in a kind.
  for (const char* taken : {"GradientEstimator", "FirstOrderOptimizer"})
    if (result == taken) return "My" + result;
  return result;
}

std::string filled_in(const fs::path& file, const Substitutions& substitutions) {
  std::ifstream stream(file);
  if (!stream)
    throw Error("the template " + file.string() + " cannot be read; it is installed with elbow");
  std::string text(std::istreambuf_iterator<char>(stream), {});
  for (const auto& [key, value] : substitutions)
    for (std::size_t at = 0; (at = text.find(key, at)) != std::string::npos; at += value.size())
      text.replace(at, key.size(), value);
  return text;
}

void write_new(const fs::path& file, const std::string& text) {
  std::ofstream stream(file);
  if (!(stream << text << std::flush)) throw Error(file.string() + " cannot be written");
}

/// Words that C++ keeps for itself.
bool is_keyword(const std::string& word) {
  static const std::set<std::string> keywords = {"alignas",       "alignof",     "and",
                                                 "and_eq",        "asm",         "auto",
                                                 "bitand",        "bitor",       "bool",
                                                 "break",         "case",        "catch",
                                                 "char",          "char8_t",     "char16_t",
                                                 "char32_t",      "class",       "compl",
                                                 "concept",       "const",       "consteval",
                                                 "constexpr",     "constinit",   "const_cast",
                                                 "continue",      "co_await",    "co_return",
                                                 "co_yield",      "decltype",    "default",
                                                 "delete",        "do",          "double",
                                                 "dynamic_cast",  "else",        "enum",
                                                 "explicit",      "export",      "extern",
                                                 "false",         "float",       "for",
                                                 "friend",        "goto",        "if",
                                                 "inline",        "int",         "long",
                                                 "mutable",       "namespace",   "new",
                                                 "noexcept",      "not",         "not_eq",
                                                 "nullptr",       "operator",    "or",
                                                 "or_eq",         "private",     "protected",
                                                 "public",        "register",    "reinterpret_cast",
                                                 "requires",      "return",      "short",
                                                 "signed",        "sizeof",      "static",
                                                 "static_assert", "static_cast", "struct",
                                                 "switch",        "template",    "this",
                                                 "thread_local",  "throw",       "true",
                                                 "try",           "typedef",     "typeid",
                                                 "typename",      "union",       "unsigned",
                                                 "using",         "virtual",     "void",
                                                 "volatile",      "wchar_t",     "while",
                                                 "xor",           "xor_eq"};
  return keywords.contains(word);
}

void check_name(const std::string& name) {
  constexpr std::size_t longest = 64;
  if (name.empty()) throw Error("expected a name for the plugin, got an empty one");
  if (!std::regex_match(name.substr(0, longest), std::regex("[a-z][a-z0-9_]*")))
    throw Error(
        "expected a name of lower-case letters, digits and _ that begins with a letter, got \"" +
        printable(name) + '"');
  if (name.size() > longest)
    throw Error("expected a name of at most " + std::to_string(longest) + " characters, got " +
                std::to_string(name.size()) + ": \"" + printable(name, 40) + '"');
  if (is_keyword(name))
    throw Error("expected a name that is no word of C++ itself, got \"" + name +
                "\"; for example \"my_" + name + '"');
}

void print_next_steps(const std::string& kind, const std::string& name, const fs::path& folder) {
  const std::string build = (folder / "build").string();
  std::cout << "wrote " << (folder / (name + ".cpp")).string() << " and "
            << (folder / "CMakeLists.txt").string() << "\n\nbuild and check it:\n  cmake -S "
            << folder.string() << " -B " << build << " -DCMAKE_PREFIX_PATH=" << prefix().string()
            << "\n  cmake --build " << build << "\n  elbow check " << kind << '/' << name
            << " --plugins " << build << "/plugins\n";
}

}  // namespace

int verb_new(const std::vector<std::string>& arguments) {
  CallSyntax syntax{
      "new",
      "Writes a folder with a plugin that builds as it stands: a source file to start\n"
      "from, and a CMakeLists.txt.",
      {{"KIND", "model, family, estimator, optimizer or sampler"},
       {"NAME", "of the plugin, as in experiments: lower-case letters, digits and _"}},
      {}};
  syntax.options.add_options()("folder",
                               boost::program_options::value<std::string>()->value_name("DIR"),
                               "where to write it; by default a new folder NAME");
  const std::optional<Call> call = parse_call(syntax, arguments);
  if (!call) return 0;

  const std::string kind = kind_name(parse_kind(call->positionals[0]));
  const std::string& name = call->positionals[1];
  check_name(name);
  const fs::path folder =
      call->options.count("folder") ? call->options["folder"].as<std::string>() : std::string(name);
  const fs::path templates = prefix() / "share/elbow/templates";
  const Substitutions substitutions = {
      {"@kind@", kind}, {"@name@", name}, {"@Class@", class_name(name, kind)}};
  const std::map<fs::path, std::string> files = {
      {folder / "CMakeLists.txt", filled_in(templates / "CMakeLists.txt.in", substitutions)},
      {folder / (name + ".cpp"), filled_in(templates / (kind + ".cpp.in"), substitutions)}};

  std::error_code error;
  for (const auto& [file, text] : files) {
    if (fs::exists(file, error))
      throw Error(file.string() + " is there already; nothing was written");
    if (error && error != std::errc::not_a_directory)
      throw Error(printable(file.string(), 200) + ": cannot be made: " + error.message());
  }
  fs::create_directories(folder, error);
  if (error) throw Error(printable(folder.string(), 200) + ": cannot be made: " + error.message());
  for (const auto& [file, text] : files) write_new(file, text);
  print_next_steps(kind, name, folder);
  return 0;
}

}  // namespace elbow
