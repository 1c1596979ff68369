#include <catch2/catch.hpp>
#include <iterator>

#include "support/program.hpp"
#include "support/result_cells.hpp"
#include "support/scratch_folder.hpp"

using namespace elbow;
using namespace elbow::test;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {

std::string page_of(const fs::path& file) {
  std::ifstream page(file);
  return {std::istreambuf_iterator<char>(page), {}};
}

}  // namespace

TEST_CASE("report writes one page into the folder, or where it is told, and prints its name") {
  const ScratchFolder place;
  const fs::path folder = write_results(place / "r", {{"m", "a", 0, 1}, {"m", "a", 1, 2}});
  const ProgramRun run = run_program("report " + folder.string());
  CHECK(run.status == 0);
  CHECK(run.out == (folder / "report.html").string() + "\n");
  const std::string page = page_of(folder / "report.html");
  CHECK_THAT(page, Contains("Known numbers") && Contains("1.5(5)") && Contains("<polyline"));
  const fs::path elsewhere = place / "page.html";
  CHECK(run_program("report -o " + elsewhere.string() + " " + folder.string()).status == 0);
  CHECK(page_of(elsewhere) == page);
}

TEST_CASE("report names the fit that its axes leave out") {
  const ScratchFolder place;
  const fs::path folder = write_results(
      place / "r", {{"m", "good", 0, -530}, {"m", "better", 0, -529}, {"m", "wild", 0, -1e12}});
  REQUIRE(run_program("report " + folder.string()).status == 0);
  CHECK_THAT(page_of(folder / "report.html"), Contains("<polygon") &&
                                                  Contains("wild, replicate 0: -1.000e+12") &&
                                                  !Contains("good, replicate 0: -530.0;"));
}

TEST_CASE("report of a folder without cells is a page, and of no result folder an error") {
  const ScratchFolder place;
  write_plan_of(place / "planned", {{"m", "a", 0, 1}});
  CHECK(run_program("report " + (place / "planned").string()).status == 0);
  CHECK_THAT(page_of(place / "planned/report.html"), Contains("missing"));
  fs::create_directories(place / "empty");
  const ProgramRun refused = run_program("report " + (place / "empty").string());
  CHECK(refused.status == 2);
  CHECK_THAT(refused.err, Contains("not a result folder"));
  const ProgramRun unwritable =
      run_program("report -o /nonexistent/page.html " + (place / "planned").string());
  CHECK(unwritable.status != 0);
  CHECK_THAT(unwritable.err, Contains("/nonexistent/page.html"));
}
