#include <algorithm>
#include <catch2/catch.hpp>
#include <elbow/error.hpp>
#include <elbow/math.hpp>
#include <fstream>
#include <set>

#include "cells.hpp"
#include "compare/plot_svg.hpp"
#include "compare/report.hpp"
#include "record/cell_writer.hpp"
#include "support/scratch_folder.hpp"

using namespace elbow;
using Catch::Contains;

namespace {

const std::string hostile = "<script>alert('x')</script> & \"q\" \xff \x1b";

/// A result folder of one planned fit and one planned cell that is missing, all names hostile.
void write_folder(const std::filesystem::path& folder) {
  const std::string hash = "0123456789abcdef0123456789abcdef";
  std::filesystem::create_directories(folder / "cells" / "01");
  CellWriter cell(folder / "cells" / "01" / (hash + ".h5"));
  const std::string name = "<b>&model";
  for (const auto& [key, value] : std::map<std::string, std::string>{{"hash", hash},
                                                                     {"experiment", "e"},
                                                                     {"model", name},
                                                                     {"method", "<i>\"method\""},
                                                                     {"configuration", "{}"},
                                                                     {"provenance", "{}"}})
    cell.attribute(key, value);
  cell.attribute("replicate", std::int64_t{0});
  DrawStream& draws = cell.draws("posterior", {{"theta", {2}, {}, ""}}, 1);
  Eigen::MatrixXd values(2, 4);
  values << 1, 2, 3, 4, 1, 1, 1, 1;
  draws.append(0, values);
  RowStream& rows =
      cell.rows("vi_checkpoints", "iteration", {{"elbo", "", "nats"}, {"elbo_mcse", "", "nats"}});
  for (int i = 1; i < 100; i *= 2) rows.append(i, Eigen::Vector2d(-1. / i, 0.01));
  cell.metrics({{"elbo", -0.01, 0.001, "nats", "bound"}});
  cell.outcome({Ending::budget_spent, "iterations"});
  cell.commit();
  nlohmann::json plan = {
      {"title", "<u>&title"},
      {"experiment_text", "# <experiment> & \"text\""},
      {"models", {{{"name", name}}}},
      {"methods", {{{"name", "<i>\"method\""}}}},
      {"cells",
       {{{"hash", hash}, {"model", 0}, {"method", 0}, {"replicate", 0}},
        {{"hash", std::string(32, 'f')}, {"model", 0}, {"method", 0}, {"replicate", 1}}}},
      {"impossible", nlohmann::json::array()}};
  std::ofstream(folder / "plan.json") << plan.dump();
}

/// Fails where an element is closed that is not the innermost open one.
void check_elements(const std::string& page) {
  std::vector<std::string> open;
  for (std::size_t at = page.find('<'); at != std::string::npos; at = page.find('<', at + 1)) {
    const std::size_t end = page.find('>', at);
    REQUIRE(end != std::string::npos);
    std::string tag = page.substr(at + 1, end - at - 1);
    if (tag[0] == '!' || tag.back() == '/' || tag.substr(0, 4) == "meta") continue;
    if (tag[0] == '/') {
      REQUIRE(!open.empty());
      REQUIRE(open.back() == tag.substr(1));
      open.pop_back();
    } else {
      open.push_back(tag.substr(0, tag.find(' ')));
    }
  }
  CHECK(open.empty());
}

}  // namespace

TEST_CASE("A report is one page with balanced elements that loads nothing") {
  ScratchFolder folder;
  write_folder(folder.path());
  const std::string page = html_report(read_result_folder(folder.path()));
  check_elements(page);
  CHECK_THAT(page, Contains("<!DOCTYPE html>") && Contains("1 missing"));
  CHECK_THAT(page, Contains("<polyline") && Contains("theta[1]") && Contains("-0.0100(10)*"));
  for (const char* outside : {"http:", "https:", "<script", "<link", "src=", "@import", "url("})
    CHECK_THAT(page, !Contains(outside));
}

TEST_CASE("A report escapes the names, the title and the experiment's text") {
  ScratchFolder folder;
  write_folder(folder.path());
  const std::string page = html_report(read_result_folder(folder.path()));
  for (const char* raw : {"<b>", "<i>", "<u>", "<experiment>"}) CHECK_THAT(page, !Contains(raw));
  CHECK_THAT(page, Contains("&lt;b&gt;&amp;model") && Contains("# &lt;experiment&gt; &amp;"));
}

TEST_CASE("Text for HTML has no markup, no control characters and valid UTF-8") {
  CHECK(html_escaped(hostile) ==
        "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;q&quot; "
        "\xEF\xBF\xBD \xEF\xBF\xBD");
  CHECK(html_escaped("Gr\xC3\xB6\xC3\x9F"
                     "e \xE2\x80\x93") ==
        "Gr\xC3\xB6\xC3\x9F"
        "e \xE2\x80\x93");
  CHECK(html_escaped("cut \xE2\x80") == "cut \xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST_CASE("The report of a folder without results says that all is missing") {
  ScratchFolder folder;
  write_folder(folder.path());
  std::filesystem::remove_all(folder / "cells");
  const std::string page = html_report(read_result_folder(folder.path()));
  check_elements(page);
  CHECK_THAT(page, Contains("2 missing"));
}

TEST_CASE("A damaged cell file is named and counts as missing") {
  ScratchFolder folder;
  write_folder(folder.path());
  std::filesystem::create_directories(folder / "cells" / "ff");
  std::ofstream(folder / "cells" / "ff" / (std::string(32, 'f') + ".h5")) << "no HDF5";
  const ResultFolder read = read_result_folder(folder.path());
  CHECK(read.missing.size() == 1);
  REQUIRE(read.unreadable.size() == 1);
  const Comparison c = compare({read}, {});
  CHECK(std::any_of(c.notes.begin(), c.notes.end(), [](const std::string& note) {
    return note.find("ffff.h5: no complete cell file") != std::string::npos;
  }));
}

TEST_CASE("A cell file under the name of another cell is no result of that cell") {
  ScratchFolder folder;
  write_folder(folder.path());
  std::filesystem::create_directories(folder / "cells" / "ff");
  const auto other = folder / "cells" / "ff" / (std::string(32, 'f') + ".h5");
  for (const auto& file : std::filesystem::directory_iterator(folder / "cells" / "01"))
    std::filesystem::copy_file(file.path(), other);
  const ResultFolder read = read_result_folder(folder.path());
  CHECK(read.unreadable == std::vector<std::filesystem::path>{other});
}

namespace {

/// A fit that comes from far below and ends at a value, with one point per power of ten.
PlotLine fit(const std::string& label, double end, bool settled = true) {
  return {label, 0, {1, 10, 100, 1000}, {end - 1e4, end - 100, end - 1, end}, {}, settled};
}

/// The vertical place of the last point of each line, downwards from the top of the plot.
std::vector<double> ends(const Plot& plot) {
  std::vector<double> places;
  const std::string begin = "<polyline points=\"";
  for (std::size_t at = plot.svg.find(begin); at != std::string::npos;
       at = plot.svg.find(begin, at + 1)) {
    const std::size_t close = plot.svg.find('"', at + begin.size());
    places.push_back(std::stod(plot.svg.substr(plot.svg.rfind(',', close) + 1)));
  }
  return places;
}

constexpr double plot_top = 12, plot_bottom = 290;

}  // namespace

TEST_CASE("Plots leave out points that are not finite, and are empty without a line") {
  PlotLine line{"a", 0, {1, 2, 3, 0}, {1, std::nan(""), 2, 3}, {}};
  const Plot plot = line_plot({"x", true}, "y", {line});
  CHECK_THAT(plot.svg, Contains("<polyline") && !Contains("nan"));
  line.y = {std::nan(""), std::nan(""), 1, 1};
  CHECK(line_plot({"x", true}, "y", {line}).svg.empty());
  CHECK(line_plot({"x", false}, "y", {}).svg.empty());
}

TEST_CASE("One line that ends far away does not flatten the others, and is marked and named") {
  for (const double far : {-1e10, 1e10}) {
    const Plot plot = line_plot(
        {"x", true}, "y", {fit("a", -530), fit("b", -531), fit("far", far), fit("c", -529.5)});
    const std::vector<double> y = ends(plot);
    REQUIRE(y.size() == 4);
    for (const std::size_t near : {0, 1, 3}) {
      CHECK(y[near] > plot_top);
      CHECK(y[near] < plot_bottom);
    }
    CHECK(std::abs(y[0] - y[1]) > 20);
    CHECK((far < 0 ? y[2] > plot_bottom : y[2] < plot_top));
    CHECK_THAT(plot.svg, Contains("<polygon"));
    CHECK(plot.outside == std::vector<std::string>{far < 0 ? "far: -1.000e+10" : "far: 1.000e+10"});
  }
}

TEST_CASE("Methods that end some tens of nats apart are all inside") {
  const Plot plot =
      line_plot({"x", true}, "y", {fit("a", -530), fit("b", -530.01), fit("worse", -560)});
  CHECK(plot.outside.empty());
  CHECK_THAT(plot.svg, !Contains("<polygon"));
}

TEST_CASE("Of two lines the one that did not settle is outside, though it ended higher") {
  const Plot plot = line_plot({"x", true}, "y", {fit("good", -530), fit("bad", 1e6, false)});
  CHECK(ends(plot)[0] > plot_top);
  CHECK(ends(plot)[0] < plot_bottom);
  CHECK(plot.outside == std::vector<std::string>{"bad: 1000000"});
  CHECK(line_plot({"x", true}, "y", {fit("bad", 1e6, false)}).outside.empty());
}

TEST_CASE("An error bar or a beginning far above does not flatten the ends") {
  PlotLine a = fit("a", -530), b = fit("b", -535);
  a.y[0] = 1e12;
  b.error = {1e12, 1, 0.1, 0.1};
  const std::vector<double> y = ends(line_plot({"x", true}, "y", {a, b}));
  CHECK(y[1] - y[0] > 20);
}

TEST_CASE("A line that ended without a finite value is named") {
  PlotLine line = fit("a", -530);
  line.y.back() = std::nan("");
  CHECK(line_plot({"x", true}, "y", {line}).outside == std::vector<std::string>{"a: nan"});
}

TEST_CASE("One interval that is far away or far too wide does not flatten the others") {
  for (const PlotInterval& far : {PlotInterval{2, "far", 1e9, 1}, PlotInterval{2, "far", 0, 1e9}}) {
    const Plot plot = interval_plot({{0, "a", 0, 1}, {1, "b", 0.5, 1.2}, far, {3, "c", 0.2, 0.9}});
    REQUIRE(plot.outside.size() == 1);
    CHECK_THAT(plot.outside[0], Contains("far: mean"));
    CHECK_THAT(plot.svg, Contains("<polygon"));
  }
  // Of two nobody knows which is wrong, but for how they ended.
  CHECK(interval_plot({{0, "a", 0, 1}, {1, "b", 1e9, 1}}).outside.empty());
  CHECK(interval_plot({{0, "a", 0, 1}, {1, "b", 1e9, 1, false}}).outside.size() == 1);
}

TEST_CASE("Plots of constants and of huge numbers have finite coordinates") {
  for (double value : {0., -5., 1e300, -1e-300}) {
    const PlotLine line{"a", 1, {1, 1}, {value, value}, {0.1, 0.1}};
    const std::string plot = line_plot({"x", true}, "y", {line}).svg;
    CHECK_THAT(plot, Contains("<polyline") && !Contains("nan") && !Contains("inf"));
    const std::string intervals =
        interval_plot({{0, "a", value, 0}, {1, "b", infinity, not_a_number}}).svg;
    CHECK_THAT(intervals, Contains("<circle"));
  }
}
