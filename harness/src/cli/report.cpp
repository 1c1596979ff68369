#include "compare/report.hpp"

#include <elbow/error.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "cli/call.hpp"
#include "cli/verbs.hpp"

namespace po = boost::program_options;

int elbow::verb_report(const std::vector<std::string>& arguments) {
  po::options_description options;
  options.add_options()("output,o", po::value<std::string>(),
                        "the page's file; default: DIR/report.html");
  const auto call = parse_call(
      {"report",
       "One HTML page about a result folder, complete in itself: tables, ELBO traces, posterior\n"
       "means, the experiment.",
       {{"DIR", "a result folder, such as results/quickstart"}},
       options},
      arguments);
  if (!call) return 0;
  const std::filesystem::path folder = call->positionals[0];
  const std::filesystem::path output =
      call->options.count("output") > 0
          ? std::filesystem::path(call->options["output"].as<std::string>())
          : folder / "report.html";
  const std::string page = html_report(read_result_folder(folder));
  std::ofstream file(output, std::ios::binary);
  file << page;
  file.close();
  if (!file) throw Error(output.string() + ": cannot be written");
  std::cout << output.string() << '\n';
  return 0;
}
