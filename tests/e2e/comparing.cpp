#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <elbow/math.hpp>
#include <map>
#include <sstream>

#include "support/csv.hpp"
#include "support/program.hpp"
#include "support/result_cells.hpp"
#include "support/scratch_folder.hpp"

using namespace elbow;
using namespace elbow::test;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
namespace fs = std::filesystem;
using Json = nlohmann::json;

namespace {

constexpr double no_number = std::numeric_limits<double>::quiet_NaN();

ProgramRun compare_program(const fs::path& folder, const std::string& arguments = "") {
  return run_program("compare " + folder.string() + " " + arguments);
}

Json json_of(const fs::path& folder, const std::string& arguments = "") {
  const ProgramRun run = compare_program(folder, "--format json " + arguments);
  INFO(run.err);
  REQUIRE(run.status == 0);
  return Json::parse(run.out);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// The line of a table that begins with a method.
std::string line_of(const std::string& text, const std::string& method) {
  for (const std::string& line : lines_of(text))
    if (line.rfind(method + " ", 0) == 0) return line;
  return "";
}

/// A method's ELBOs, one per replicate, and what a table must print for them.
struct Printed {
  const char* method;
  std::vector<double> elbos;
  double mcse;
  const char* text;
};

// Means and errors by hand: sd / sqrt(n) of 1, 2, 6 is sqrt(7 / 3) = 1.53.
const std::vector<Printed> printed = {
    {"three", {1, 2, 6}, no_number, "3.0(1.5)"},
    {"own-error", {-531.7078}, 0.04, "-531.71(4)*"},
    {"own-error-ten", {-531.7078}, 0.02, "-531.708(20)*"},
    {"unknown-error", {-531.7078}, no_number, "-531.7"},
    {"equal", {5000, 5000}, 3, "5000(0)"},
    {"zero", {0, 0}, no_number, "0(0)"},
    {"no-monte-carlo-error", {0.25}, 0, "0.250000(0)*"},
    {"one-nan", {1, no_number, 3}, no_number, "2.0(1.0) [2/3]"},
    {"all-nan", {no_number, no_number}, no_number, "nan [0/2]"},
    {"minus-infinity", {-infinity}, no_number, "-inf [0/1]"},
    {"wide", {-400, 400}, no_number, "0(400)"},
    {"tiny", {1e-9, 1.2e-9}, no_number, "1.10(10)e-09"},
    {"huge", {1e12, 1.2e12}, no_number, "1.10(10)e+12"},
    {"beyond-digits", {1e300}, 1e-300, "1.00000000000000e+300(0)*"},
};

std::vector<ResultCell> printed_cells() {
  std::vector<ResultCell> cells;
  for (const Printed& row : printed)
    for (std::size_t r = 0; r < row.elbos.size(); ++r)
      cells.push_back({"gaussian", row.method, int(r), row.elbos[r], row.mcse});
  return cells;
}

/// Two models, two methods at two rates, two replicates: all numbers different.
std::vector<ResultCell> grid() {
  std::vector<ResultCell> cells;
  for (int model = 0; model < 2; ++model)
    for (int method = 0; method < 2; ++method)
      for (int rate = 0; rate < 2; ++rate)
        for (int replicate = 0; replicate < 2; ++replicate)
          cells.push_back({model == 0 ? "gaussian(dimension=2)" : "funnel",
                           std::string(method == 0 ? "mean-field" : "full_rank") +
                               "(learning_rate=" + (rate == 0 ? "0.01" : "0.1") + ")",
                           replicate,
                           100. * model + 10 * method + rate + 0.1 * replicate,
                           no_number,
                           {Ending::budget_spent, ""},
                           rate == 0 ? 0.01 : 0.1});
  return cells;
}

}  // namespace

TEST_CASE("compare prints numbers to the digits that their errors support, in every format") {
  const ScratchFolder place;
  const fs::path folder = write_results(place / "digits", printed_cells());
  const std::string text = compare_program(folder, "--metric elbo").out;
  const std::string latex = compare_program(folder, "--metric elbo --format latex").out;
  const Json json = json_of(folder, "--metric elbo");
  const auto csv = parse_csv(compare_program(folder, "--metric elbo --format csv").out);
  REQUIRE(json["rows"].size() == printed.size());
  REQUIRE(csv.size() == printed.size() + 1);
  for (std::size_t i = 0; i < printed.size(); ++i) {
    INFO(printed[i].method);
    CHECK_THAT(line_of(text, printed[i].method),
               Catch::Matchers::EndsWith(" " + std::string(printed[i].text)));
    CHECK(json["rows"][i]["method"] == printed[i].method);
    CHECK(json["rows"][i]["text"] == printed[i].text);
    CHECK(csv[i + 1].back() == printed[i].text);
  }
  CHECK_THAT(latex, Contains("three & 3 & 3 budget\\_spent & $3.0(1.5)$ \\\\") &&
                        Contains("$1.10(10) \\times 10^{-9}$") &&
                        Contains("$1.10(10) \\times 10^{12}$") && Contains("$-531.71(4)$*"));
}

TEST_CASE("compare explains the signs that a table has, and only these") {
  const ScratchFolder place;
  const std::string all = compare_program(write_results(place / "a", printed_cells())).out;
  CHECK_THAT(all, Contains("(0): equal in all replicates") && Contains("*: one replicate") &&
                      Contains("[2/3]: the mean") && Contains("error unknown"));
  const std::vector<ResultCell> plain = {{"m", "a", 0, 1}, {"m", "a", 1, 2}};
  const std::string few = compare_program(write_results(place / "b", plain), "--metric elbo").out;
  CHECK_THAT(few, Contains("1.5(5)") && !Contains("(0)") && !Contains("*:") && !Contains("[2/3]") &&
                      !Contains("unknown"));
}

TEST_CASE("compare in CSV and JSON gives the same doubles, which are means and errors") {
  const ScratchFolder place;
  const fs::path folder = write_results(place / "digits", printed_cells());
  const Json json = json_of(folder, "--metric elbo");
  const ProgramRun run = compare_program(folder, "--metric elbo --format csv");
  const auto csv = parse_csv(run.out);
  const auto column = [&](const std::string& name) {
    const auto found = std::find(csv[0].begin(), csv[0].end(), name);
    REQUIRE(found != csv[0].end());
    return std::size_t(found - csv[0].begin());
  };
  for (std::size_t i = 0; i < printed.size(); ++i) {
    const auto& line = csv.at(i + 1);
    INFO(printed[i].method);
    REQUIRE(line.size() == csv[0].size());
    for (const char* name : {"mean", "standard_error"}) {
      const double value = std::stod(line[column(name)]);
      if (std::isfinite(value))
        CHECK(json["rows"][i][name] == value);
      else
        CHECK(json["rows"][i][name].is_null());
    }
    CHECK(std::stoi(line[column("n")]) + std::stoi(line[column("non_finite")]) ==
          int(printed[i].elbos.size()));
  }
  CHECK(json["rows"][0]["mean"] == 3.0);
  CHECK(json["rows"][0]["standard_error"].get<double>() == Approx(std::sqrt(7. / 3)));
  CHECK(json["rows"][0]["error_source"] == "replicates");
  CHECK(json["rows"][1]["error_source"] == "monte_carlo");
  CHECK(json["rows"][3]["error_source"] == "none");
  CHECK_THAT(run.err, Contains("1.23(4) is 1.23 with standard error 0.04"));
}

TEST_CASE("CSV and JSON have all metrics, and --metric chooses in its order") {
  const ScratchFolder place;
  const fs::path folder = write_results(place / "grid", grid());
  const auto names = [](const Json& document) {
    std::vector<std::string> chosen;
    for (const Json& metric : document["metrics"]) chosen.push_back(metric["name"]);
    return chosen;
  };
  CHECK(names(json_of(folder)) == std::vector<std::string>{"elbo", "iterations"});
  CHECK(names(json_of(folder, "--metric iterations")) == std::vector<std::string>{"iterations"});
  CHECK(names(json_of(folder, "--metric iterations --metric elbo")) ==
        std::vector<std::string>{"iterations", "elbo"});
  const std::string text = compare_program(folder).out;
  CHECK_THAT(text, Contains("elbo [nats]") && Contains("shown with --metric: iterations"));
}

TEST_CASE("LaTeX tables have a cell for every column, and no bare special character") {
  const ScratchFolder place;
  const fs::path folder = write_results(place / "grid", grid());
  const std::string latex = compare_program(folder, "--format latex").out;
  int begun = 0, rows = 0;
  for (const std::string& line : lines_of(latex)) {
    begun +=
        line.rfind("\\begin{tabular}{llr", 0) == 0 || line.rfind("\\begin{tabular}{lrl", 0) == 0;
    if (line.size() < 2 || line.substr(line.size() - 2) != "\\\\") continue;
    ++rows;
    CHECK(std::count(line.begin(), line.end(), '&') == 3);
    for (std::size_t at = line.find('_'); at != std::string::npos; at = line.find('_', at + 1))
      CHECK(line[at - 1] == '\\');
  }
  CHECK(begun == 2);
  CHECK(rows == 2 * (1 + 4));
}

TEST_CASE("The option --by makes a table per model, per method or per value of an option") {
  const ScratchFolder place;
  const fs::path folder = write_results(place / "grid", grid());
  const auto titles = [&](const std::string& by) {
    std::vector<std::string> found;
    for (const std::string& line : lines_of(compare_program(folder, by).out))
      if (line.find(": ") != std::string::npos && line.find("  ") == std::string::npos &&
          line.rfind("n:", 0) != 0 && line.rfind("further", 0) != 0)
        found.push_back(line);
    return found;
  };
  using Titles = std::vector<std::string>;
  CHECK(titles("") == Titles{"model: gaussian(dimension=2)", "model: funnel"});
  CHECK(titles("--by method") ==
        Titles{"method: mean-field(learning_rate=0.01)", "method: mean-field(learning_rate=0.1)",
               "method: full_rank(learning_rate=0.01)", "method: full_rank(learning_rate=0.1)"});
  const Titles by_rate = {"method.optimizer.learning_rate: 0.01",
                          "method.optimizer.learning_rate: 0.1"};
  CHECK(titles("--by learning_rate") == by_rate);
  CHECK(titles("--by method.optimizer.learning_rate") == by_rate);
}

TEST_CASE("The option --where selects: values of one name are alternatives, names are conditions") {
  const ScratchFolder place;
  const fs::path folder = write_results(place / "grid", grid());
  const auto rows = [&](const std::string& where) {
    return json_of(folder, "--metric elbo " + where)["rows"];
  };
  CHECK(rows("").size() == 8);
  CHECK(rows("--where model=funnel").size() == 4);
  CHECK(rows("--where method=mean-field").size() == 4);
  CHECK(rows("--where learning_rate=0.1").size() == 4);
  CHECK(rows("--where learning_rate=1e-1").size() == 4);
  CHECK(rows("--where learning_rate=0.1 --where learning_rate=0.01").size() == 8);
  CHECK(rows("--where learning_rate=0.1 --where model=funnel --where method=full_rank").size() ==
        1);
  const Json first = rows("--where replicate=1 --where model=gaussian")[0];
  CHECK(first["n"] == 1);
  CHECK(first["mean"] == 0.1);
}

TEST_CASE("The option --baseline gives differences, replicate by replicate, with a sign") {
  const ScratchFolder place;
  // Replicates differ by 100, the methods by 1 and 3 on them: 2 +- 1.
  const fs::path folder = write_results(
      place / "pairs",
      {{"m", "base", 0, 100}, {"m", "base", 1, 200}, {"m", "new", 0, 101}, {"m", "new", 1, 203}});
  const Json document = json_of(folder, "--metric elbo --baseline base");
  CHECK(document["baseline"] == "base");
  CHECK(document["rows"][1]["difference"] == true);
  CHECK(document["rows"][1]["mean"] == 2.0);
  CHECK(document["rows"][1]["standard_error"].get<double>() == Approx(1));
  const std::string text = compare_program(folder, "--metric elbo --baseline base").out;
  CHECK_THAT(line_of(text, "new"), Contains("+2.0(1.0)"));
  CHECK_THAT(text, Contains("base (baseline)") && Contains("differences to base"));
}

TEST_CASE("Mistyped names are errors that name the nearest one") {
  const ScratchFolder place;
  const fs::path folder = write_results(place / "grid", grid());
  const std::map<std::string, std::string> mistakes = {
      {"--metric elbow", "did you mean \"elbo\"?"},
      {"--by modle", "did you mean \"model\"?"},
      {"--by learning_rat", "did you mean \"learning_rate\"?"},
      {"--where modle=funnel", "did you mean \"model\"?"},
      {"--where model=funel", "did you mean \"funnel\"?"},
      {"--where model", "expected NAME=VALUE"},
      {"--where replicate=0 --where replicate=9", "no cell has replicate = 9"},
      {"--baseline full-rank", "did you mean \"full_rank\"?"},
      {"--where method=mean-feild", "did you mean \"mean-field\"?"},
      {"--baseline mean-field", "could mean mean-field(learning_rate=0.01)"},
      {"--format xml", "expected text, csv, latex or json, got \"xml\""},
      {"--metrics elbo", "--metrics"},
      {"/nonexistent", "there is nothing of that name"}};
  for (const auto& [call, answer] : mistakes) {
    INFO(call);
    const ProgramRun run = compare_program(folder, call);
    CHECK(run.status == 2);
    CHECK_THAT(run.err, Contains(answer));
    CHECK(run.out.empty());
  }
  CHECK(run_program("compare").status == 2);
}

TEST_CASE("compare of a folder without results says so, and of another folder what it expected") {
  const ScratchFolder place;
  fs::create_directories(place / "empty");
  const ProgramRun foreign = compare_program(place / "empty");
  CHECK(foreign.status == 2);
  CHECK_THAT(foreign.err, Contains("not a result folder: expected plan.json or cells/"));
  fs::create_directories(place / "bare/cells");
  const ProgramRun bare = compare_program(place / "bare");
  CHECK(bare.status == 0);
  CHECK_THAT(bare.out, Contains("there are no cells"));
  CHECK(parse_csv(compare_program(place / "bare", "--format csv").out).size() == 1);
  CHECK(json_of(place / "bare")["rows"].empty());
  write_plan_of(place / "planned", {{"m", "a", 0, 1}, {"m", "a", 1, 1}});
  CHECK_THAT(compare_program(place / "planned").out,
             Contains("2 missing") && Contains("2 cells of 2 planned have no result yet"));
}

TEST_CASE("Damaged files in a result folder are named, and the other cells are compared") {
  const ScratchFolder place;
  const std::vector<ResultCell> cells = {
      {"m", "a", 0, 1}, {"m", "a", 1, 2}, {"m", "a", 2, 9}, {"m", "b", 0, 9}};
  const fs::path folder = write_results(place / "damaged", cells);
  fs::resize_file(file_of(folder, cells[2]), fs::file_size(file_of(folder, cells[2])) / 2);
  std::ofstream(file_of(folder, cells[3])) << "not HDF5";
  std::ofstream(folder / "cells/foreign.h5") << "not HDF5";
  const ProgramRun run = compare_program(folder, "--metric elbo");
  CHECK(run.status == 0);
  CHECK_THAT(line_of(run.out, "a"), Contains("2 budget_spent, 1 missing") && Contains("1.5(5)"));
  CHECK_THAT(line_of(run.out, "b"), Contains("1 missing"));
  for (const std::size_t damaged : {2, 3})
    CHECK_THAT(run.out, Contains(hash_of(cells[damaged])) && Contains("`elbow index` says why"));
  const ProgramRun index = run_program("index " + folder.string());
  CHECK(index.status == 1);
  CHECK_THAT(index.out, Contains("2 cells"));
  CHECK_THAT(index.err, Contains(hash_of(cells[2]) + ".h5: expected a complete cell file") &&
                            Contains(hash_of(cells[3]) + ".h5: expected a complete cell file"));
  CHECK(run_program("report " + folder.string()).status == 0);
}

TEST_CASE("Where all cells failed the tables have their outcomes and reasons") {
  const ScratchFolder place;
  const fs::path folder =
      write_results(place / "failed", {{"m", "a", 0, 0, no_number, {Ending::crashed, "SIGSEGV"}},
                                       {"m", "a", 1, 0, no_number, {Ending::crashed, "SIGSEGV"}},
                                       {"m", "b", 0, 0, no_number, {Ending::timed_out, "60 s"}}});
  const ProgramRun run = compare_program(folder);
  CHECK(run.status == 0);
  CHECK_THAT(line_of(run.out, "a"), Contains(" 0  2 crashed"));
  CHECK_THAT(run.out,
             Contains("m / a: crashed: SIGSEGV (2 cells)") && Contains("m / b: timed_out: 60 s"));
  const auto csv = parse_csv(compare_program(folder, "--format csv").out);
  REQUIRE(csv.size() == 3);
  CHECK(csv[1].size() == csv[0].size());
  const Json json = json_of(folder);
  CHECK(json["rows"].empty());
  CHECK(json["cells"][0]["outcomes"]["crashed"] == 2);
  CHECK(compare_program(folder, "--metric elbo").status == 2);
  const ProgramRun report = run_program("report " + folder.string());
  CHECK(report.status == 0);
}

TEST_CASE("Folders of one name are told apart by a column, which one folder alone has not") {
  const ScratchFolder place;
  const std::vector<ResultCell> cells = {{"m", "a", 0, 1}};
  write_results(place / "r1/grid", cells);
  write_results(place / "r2/grid", cells);
  const std::string one = (place / "r1/grid").string(), two = (place / "r2/grid").string();
  const ProgramRun both = run_program("compare " + one + " " + two);
  CHECK_THAT(line_of(both.out, "r1/grid"), Contains(" a "));
  CHECK_THAT(line_of(both.out, "r2/grid"), Contains(" a "));
  const auto csv = parse_csv(run_program("compare --format csv " + one + " " + two).out);
  CHECK(csv[0][0] == "results");
  CHECK(csv[1][0] == "r1/grid");
  CHECK(Json::parse(run_program("compare --format json " + one + " " + two).out)["rows"]
            .back()["results"] == "r2/grid");
  CHECK_THAT(run_program("compare " + one).out, !Contains("r1/grid"));
}

TEST_CASE("One folder by two spellings is one folder") {
  const ScratchFolder place;
  const fs::path folder = write_results(place / "grid", {{"m", "a", 0, 1}, {"m", "a", 1, 2}});
  fs::create_directory_symlink(folder, place / "link");
  const ProgramRun once = compare_program(folder);
  for (const std::string& again : {folder.string(), folder.string() + "/",
                                   folder.string() + "/../grid", (place / "link").string()}) {
    INFO(again);
    const ProgramRun twice = compare_program(folder, again);
    CHECK_THAT(twice.out, StartsWith(once.out) && Contains("given 2 times, shown once"));
  }
}

TEST_CASE("compare, report and index count the cells of the last plan and mention the others") {
  const ScratchFolder place;
  const std::vector<ResultCell> all = {{"m", "a", 0, 1}, {"m", "a", 1, 2}, {"m", "old", 0, 50}};
  const fs::path folder = write_results(place / "grid", all);
  CHECK_THAT(run_program("index " + folder.string()).out, !Contains("other versions"));
  write_plan_of(folder, {all[0], all[1]});
  const ProgramRun run = compare_program(folder);
  CHECK(line_of(run.out, "old").empty());
  CHECK_THAT(run.out, Contains("1 cell of other versions of the experiment (not in plan.json) is "
                               "left out"));
  CHECK_THAT(run_program("index " + folder.string()).out,
             Contains("3 cells, 1 of other versions of the experiment (not in plan.json)"));
  REQUIRE(run_program("report " + folder.string()).status == 0);
  std::ifstream page(folder / "report.html");
  const std::string html(std::istreambuf_iterator<char>(page), {});
  CHECK_THAT(html, Contains("2 cells") && Contains("1 cell of other versions"));
}
