#include <algorithm>
#include <elbow/error.hpp>
#include <iostream>
#include <sstream>

#include "cli/call.hpp"
#include "cli/verbs.hpp"
#include "compare/calibration.hpp"
#include "compare/comparison.hpp"
#include "compare/draw_errors.hpp"
#include "compare/rate_distortion.hpp"
#include "compare/table.hpp"

namespace po = boost::program_options;

namespace {

po::options_description compare_options() {
  po::options_description options;
  const auto list = [] { return po::value<std::vector<std::string>>()->composing(); };
  options.add_options()  //
      ("format", po::value<std::string>()->default_value("text"),
       "text, csv, latex or json; csv and json have a line per row and metric, in all digits")  //
      ("by", po::value<std::string>()->default_value("model"),
       "one table per value of this: model, method, or an option such as "
       "optimizer.learning_rate")  //
      ("metric", list(),
       "show this metric; repeatable, or several with commas. Default: the key metrics (csv, json: "
       "all)")  //
      ("where", list(),
       "only cells with NAME=VALUE, NAME being model, method, replicate, outcome or an option; "
       "repeatable: several values of one name are alternatives")  //
      ("draws-of", po::value<std::string>(),
       "measure the other methods' stored draws against those of this method, such as a long run "
       "of "
       "a sampler: errors of means, sds and margins, in its sds")  //
      ("baseline", po::value<std::string>(), "differences to this method, paired by replicate");
  return options;
}

/// The names in texts such as "elbo,seconds".
std::vector<std::string> separated(const std::vector<std::string>& texts) {
  std::vector<std::string> names;
  for (const std::string& text : texts) {
    std::istringstream list(text);
    for (std::string name; std::getline(list, name, ',');) names.push_back(name);
  }
  return names;
}

}  // namespace

int elbow::verb_compare(const std::vector<std::string>& arguments) {
  const auto call = parse_call(
      {"compare",
       "Tables of the results in one or several folders: for each model and metric one row per\n"
       "method, with mean and standard error over replicates, their number, and how the cells "
       "ended.\n1.23(4) is 1.23 with standard error 0.04.",
       {{"DIR", "a result folder, such as results/quickstart", true, true}},
       compare_options()},
      arguments);
  if (!call) return 0;
  const po::variables_map& given = call->options;

  const std::string format = given["format"].as<std::string>();
  const std::vector<std::string> formats = {"text", "csv", "latex", "json"};
  if (std::find(formats.begin(), formats.end(), format) == formats.end())
    throw Error("--format: expected text, csv, latex or json, got \"" + format + "\"");

  CompareRequest request;
  request.by = given["by"].as<std::string>();
  request.every_metric = format == "csv" || format == "json";
  if (given.count("metric") > 0)
    request.metrics = separated(given["metric"].as<std::vector<std::string>>());
  if (given.count("where") > 0) request.where = given["where"].as<std::vector<std::string>>();
  if (given.count("baseline") > 0) request.baseline = given["baseline"].as<std::string>();

  std::vector<ResultFolder> folders =
      read_result_folders({call->positionals.begin(), call->positionals.end()});
  std::vector<std::string> notes;
  if (given.count("draws-of") > 0)
    notes = add_draw_errors(folders, given["draws-of"].as<std::string>());
  Comparison comparison = compare(folders, request);
  comparison.notes.insert(comparison.notes.begin(), notes.begin(), notes.end());
  if (format == "csv") {
    std::cout << csv_rows(comparison);
    // Data on the output, sentences beside it.
    for (const std::string& note : printed_notes(comparison)) std::cerr << note << '\n';
  } else if (format == "json") {
    std::cout << json_document(comparison);
  } else if (format == "text") {
    std::cout << text_tables(comparison) << calibration_text(calibrations(folders))
              << rate_distortion_text(rate_distortions(folders));
  } else {
    std::cout << latex_tables(comparison);
  }
  return 0;
}
