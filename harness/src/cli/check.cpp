#include <unistd.h>

#include <boost/program_options.hpp>
#include <chrono>
#include <cstdlib>
#include <elbow/error.hpp>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "cell/plugin_options.hpp"
#include "check/allocations.hpp"
#include "check/check_plugin.hpp"
#include "cli/plugin_arguments.hpp"
#include "cli/verbs.hpp"
#include "plugins/child_scan.hpp"

namespace elbow {
namespace {

namespace fs = std::filesystem;
namespace po = boost::program_options;
using check::Finding;
using check::Verdict;

CallSyntax syntax() {
  CallSyntax syntax{
      "check",
      "Runs the conformance suites of a plugin's kind on it, each in a process of its\n"
      "own, and prints what was checked, with figures. The exit status is 0 when\n"
      "nothing failed and 1 when a check failed.",
      {{"PLUGIN", "KIND/NAME, or the path of a library"}},
      {}};
  syntax.options.add_options()(
      "set", po::value<std::vector<std::string>>()->value_name("OPTION=VALUE")->composing(),
      "an option of the plugin, the value in TOML");
  syntax.options.add_options()("deadline",
                               po::value<std::int64_t>()->default_value(60)->value_name("SECONDS"),
                               "for each check; what takes longer has failed");
  add_plugins_option(syntax.options);
  add_format_option(syntax.options);
  return syntax;
}

/// Starts this program again with the allocation counter preloaded, unless that is how it was
/// started. Returns where it cannot be done; the checks then say that allocations are not counted.
void count_allocations(const std::vector<std::string>& arguments) {
  if (check::sanitizer_owns_malloc() || std::getenv("ELBOW_CHECK_COUNTS_ALLOCATIONS")) return;
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (error) return;
  const fs::path counter =
      program.parent_path().parent_path() / "lib" / "elbow" / check::allocation_counter;
  if (!fs::exists(counter, error)) return;
  std::string preload = counter.string();
  if (preload.find_first_of(" :") != std::string::npos) return;  // the linker separates by these
  if (const char* more = std::getenv("LD_PRELOAD")) preload += std::string(":") + more;
  ::setenv("LD_PRELOAD", preload.c_str(), 1);
  ::setenv("ELBOW_CHECK_COUNTS_ALLOCATIONS", "1", 1);
  std::vector<const char*> argv = {"elbow", "check"};
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  argv.push_back(nullptr);
  std::cout.flush();
  ::execv(program.c_str(), const_cast<char* const*>(argv.data()));
}

/// A library anywhere. Its kind is what its descriptor says.
PluginInfo inspect_file(const fs::path& file) {
  if (!fs::exists(file)) throw Error(file.string() + ": there is no such file");
  std::string reasons;
  for (const Kind kind : all_kinds) {
    Catalog catalog;
    describe_in_child({{fs::absolute(file), kind, file.stem().string()}}, ScanSettings().deadline,
                      catalog);
    if (!catalog.plugins.empty()) return catalog.plugins.front();
    for (const PluginRefusal& refusal : catalog.refusals)
      if (reasons.find(refusal.reason) == std::string::npos) reasons += "\n  " + refusal.reason;
  }
  throw Error(file.string() + " is no plugin that can be used:" + reasons);
}

const char* verdict_text(Verdict verdict) {
  switch (verdict) {
    case Verdict::passed:
      return "ok    ";
    case Verdict::failed:
      return "FAILED";
    case Verdict::not_applicable:
      break;
  }
  return "n/a   ";
}

/// A line per finding. On a terminal a last line tells what is running.
class TextPrinter {
 public:
  void begins(const std::string& suite, const std::string& check) {
    if (!terminal_) return;
    std::cout << erase_line << "    ...     " << suite << ": " << check << std::flush;
  }
  void print(const Finding& finding) {
    if (terminal_) std::cout << erase_line;
    if (finding.suite != suite_) std::cout << "  " << (suite_ = finding.suite) << '\n';
    std::cout << "    " << verdict_text(finding.outcome.verdict) << "  " << finding.name;
    if (!finding.outcome.detail.empty()) std::cout << ": " << finding.outcome.detail;
    std::cout << std::endl;
    ++counts_[std::size_t(finding.outcome.verdict)];
  }
  void summary() const {
    std::cout << counts_[0] << " passed, " << counts_[1] << " failed, " << counts_[2]
              << " not applicable\n";
  }

 private:
  static constexpr const char* erase_line = "\r\033[K";
  bool terminal_ = ::isatty(STDOUT_FILENO) != 0;
  std::string suite_;
  int counts_[3] = {0, 0, 0};
};

int print_text(const check::Bench& bench, std::chrono::seconds deadline) {
  const PluginInfo& info = bench.subject.info;
  std::cout << kind_name(info.kind) << '/' << info.name << "  " << info.file.string() << std::endl;
  TextPrinter printer;
  const int failures = check_plugin(
      bench, deadline,
      {[&](const std::string& suite, const std::string& check) { printer.begins(suite, check); },
       [&](const Finding& found) { printer.print(found); }});
  printer.summary();
  return failures;
}

int print_json(const check::Bench& bench, std::chrono::seconds deadline) {
  static constexpr const char* verdicts[] = {"passed", "failed", "not_applicable"};
  const PluginInfo& info = bench.subject.info;
  nlohmann::ordered_json checks = nlohmann::ordered_json::array();
  const int failures =
      check_plugin(bench, deadline,
                   {[](const std::string&, const std::string&) {},
                    [&](const Finding& found) {
                      checks.push_back({{"suite", found.suite},
                                        {"check", found.name},
                                        {"verdict", verdicts[std::size_t(found.outcome.verdict)]},
                                        {"detail", found.outcome.detail}});
                    }});
  const nlohmann::ordered_json report = {
      {"plugin", std::string(kind_name(info.kind)) + "/" + info.name},
      {"file", info.file.string()},
      {"failures", failures},
      {"checks", checks}};
  std::cout << report.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n';
  return failures;
}

}  // namespace

int verb_check(const std::vector<std::string>& arguments) {
  const std::optional<Call> call = parse_call(syntax(), arguments);
  if (!call) return 0;
  const bool json = wants_json(*call);
  const std::int64_t seconds = call->options["deadline"].as<std::int64_t>();
  if (seconds < 1 || seconds > 86'400)
    throw Error("--deadline must be from 1 to 86400 seconds, got " + std::to_string(seconds));
  const std::chrono::seconds deadline(seconds);
  count_allocations(arguments);
  const std::vector<fs::path> folders = plugin_folders_of(*call);
  const std::string& plugin = call->positionals.front();
  const PluginInfo info = fs::path(plugin).extension() == ".so"
                              ? inspect_file(plugin)
                              : find_plugin(folders, parse_plugin_name(plugin, folders));
  std::vector<std::string> set;
  if (call->options.count("set")) set = call->options["set"].as<std::vector<std::string>>();
  const check::Bench bench = check::make_bench(info, set, scan_plugins(folders), load_planned_data);
  return (json ? print_json(bench, deadline) : print_text(bench, deadline)) > 0 ? 1 : 0;
}

}  // namespace elbow
