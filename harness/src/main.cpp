#include <algorithm>
#include <csignal>
#include <elbow/error.hpp>
#include <iostream>
#include <vector>

#include "cli/verbs.hpp"
#include "config/nearest.hpp"
#include "data/printable.hpp"

namespace {

struct Entry {
  const char* name;
  const char* synopsis;
  const char* help;
  elbow::Verb verb;
};

constexpr Entry entries[] = {
    {"run", "FILE", "run the cells of an experiment that are not done", elbow::verb_run},
    {"plan", "FILE", "cells, incompatibilities, nothing run", elbow::verb_plan},
    {"compare", "DIR...", "tables: by model, method, metric", elbow::verb_compare},
    {"report", "DIR", "one offline HTML page", elbow::verb_report},
    {"index", "DIR", "rebuild the index", elbow::verb_index},
    {"list", "[KIND]", "the plugins that are found", elbow::verb_list},
    {"info", "KIND/NAME", "what a plugin is, needs and can be told", elbow::verb_info},
    {"check", "KIND/NAME", "conformance of one plugin", elbow::verb_check},
    {"new", "KIND NAME", "a folder with a plugin that builds", elbow::verb_new},
    {"verify", "DIR", "run cells again and compare the bits", elbow::verb_verify},
    {"version", "", "versions of the program and of what it was built with", elbow::verb_version},
};

void print_help(std::ostream& out) {
  out << "elbow: run and compare methods of variational inference\n\nusage:\n";
  for (const Entry& entry : entries) {
    std::string call = std::string("  elbow ") + entry.name + " " + entry.synopsis;
    call.resize(std::max<std::size_t>(call.size() + 1, 44), ' ');
    out << call << entry.help << '\n';
  }
  out << "\n`elbow VERB --help` explains a verb's options.\n";
}

}  // namespace

int main(int argc, char** argv) {
  std::string verb = argc > 1 ? argv[1] : "--help";
  if (verb == "--version") verb = "version";
  if (verb == "--help" || verb == "-h" || verb == "help") {
    print_help(std::cout);
    return 0;
  }
  const auto* entry = std::find_if(std::begin(entries), std::end(entries),
                                   [&](const Entry& e) { return verb == e.name; });
  if (entry == std::end(entries)) {
    std::vector<std::string> names;
    for (const Entry& e : entries) names.push_back(e.name);
    std::cerr << "elbow: there is no verb \"" << elbow::printable(verb) << '"'
              << elbow::suggestion(verb, names) << '\n';
    return 2;
  }
  // A caller may have left it ignored, and then nobody learns how a child process ended.
  std::signal(SIGCHLD, SIG_DFL);
  try {
    return entry->verb({argv + 2, argv + argc});
  } catch (const elbow::Error& error) {
    std::cerr << "elbow " << verb << ": " << elbow::printable_lines(error.what()) << '\n';
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "elbow " << verb << ": " << elbow::printable_lines(error.what()) << '\n';
    return 1;
  }
}
