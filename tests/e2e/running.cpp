#include <H5Cpp.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <fstream>
#include <map>
#include <thread>

#include "program.hpp"
#include "record/cell_summary.hpp"

using namespace elbow;
using namespace elbow::test;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {

std::map<std::string, Outcome> outcomes(const fs::path& results) {
  std::map<std::string, Outcome> by_method;
  for (const CellSummary& summary : read_index(results))
    by_method.emplace(summary.method, summary.outcome);
  return by_method;
}

/// Cells of every mood, one replicate each.
const std::string moods = R"(
seed = 3
[limits]
wall_seconds = 4
memory_mb = 150
[[model]]
plugin = "isotropic"
[[method]]
name = "walk"
sampler = { plugin = "moody", mood = { each = ["good", "throws", "loops", "allocates", "crashes", "exits"] } }
warmup = 0
draws = 10
)";

/// A step of 2 on a Gaussian's ELBO, whose curvature is 1 and more, goes off at once.
const std::string diverging = R"(
[[model]]
plugin = "gaussian"
[[method]]
name = "far"
family = { plugin = "gaussian_mean_field" }
estimator = { plugin = "reparameterized" }
optimizer = { plugin = "sgd", learning_rate = 100.0, averaging = "none" }
stop = { iterations = 2000 }
)";

const std::string without_memory = R"(
[limits]
memory_mb = 1
[[model]]
plugin = "gaussian"
dimension = { each = [2, 3] }
[[method]]
name = "hmc"
sampler = { plugin = "hmc" }
)";

}  // namespace

TEST_CASE("a fit that goes off to infinity on a Gaussian is non_finite, whatever its metrics") {
  const Workplace place;
  place.write("far.toml", diverging);
  const Ended run = elbow::test::elbow(place.folder(), {"run", "far.toml"});
  INFO(run.output);
  const auto ended = outcomes(place / "results/far");
  REQUIRE(ended.size() == 1);
  CHECK(ended.at("far").ending == Ending::non_finite);
}

TEST_CASE("cells without memory even for their file are out_of_memory, and the run goes on") {
  const Workplace place;
  place.write("tiny.toml", without_memory);
  const Ended run = elbow::test::elbow(place.folder(), {"run", "tiny.toml", "-j", "1"});
  INFO(run.output);
  CHECK(run.status == 1);
  std::vector<CellSummary> cells = read_index(place / "results/tiny");
  REQUIRE(cells.size() == 2);
  for (const CellSummary& cell : cells) CHECK(cell.outcome.ending == Ending::out_of_memory);
}

TEST_CASE("cells that loop, allocate, crash, exit or throw have their outcome, the others go on") {
  const Workplace place;
  place.write("moods.toml", moods);
  const Ended run = elbow::test::elbow(place.folder(), {"run", "moods.toml", "-j", "2"});
  INFO(run.output);
  CHECK(run.status == 1);
  const auto ended = outcomes(place / "results/moods");
  REQUIRE(ended.size() == 6);
  const auto of = [&](const std::string& mood) {
    for (const auto& [method, outcome] : ended)
      if (method.find(mood) != std::string::npos) return outcome;
    return Outcome{};
  };
  CHECK(of("good").ending == Ending::budget_spent);
  CHECK(of("loops").ending == Ending::timed_out);
  CHECK(of("allocates").ending == Ending::out_of_memory);
  CHECK_THAT(of("allocates").reason, Contains("limits.memory_mb = 150"));
  CHECK(of("crashes").ending == Ending::crashed);
  CHECK_THAT(of("crashes").reason, Contains("SIGSEGV (signal 11") && Contains("famous last words"));
  CHECK(of("exits").ending == Ending::failed);
  CHECK_THAT(of("exits").reason, Contains("exit status 3"));
  CHECK(of("throws").ending == Ending::failed);
  CHECK_THAT(of("throws").reason, Contains("in a bad mood"));
  // The table of failures comes last and names each.
  const std::string table = run.output.substr(run.output.find("5 failures:"));
  for (const char* text : {"loops", "allocates", "crashes", "exits", "throws", "famous last words",
                           "results/moods/failures/"})
    CHECK_THAT(table, Contains(text));
}

TEST_CASE("the number of workers and the order of the cells do not change a bit") {
  const Workplace place;
  place.write("a.toml", experiment(24));
  const auto run = [&](const std::string& results, std::vector<std::string> options) {
    options.insert(options.begin(), {"run", "a.toml", "--results", results});
    CHECK(elbow::test::elbow(place.folder(), options).status == 0);
  };
  run("one", {"-j", "1"});
  run("two", {"-j", "2"});
  run("shuffled", {"-j", "2", "--shuffle", "5"});
  run("parts", {"-j", "3", "--only", "*/*/1?"});
  run("parts", {"-j", "3"});
  CHECK(cell_files(place / "one/a").size() == 24);
  require_same_results(place / "one/a", place / "two/a");
  require_same_results(place / "one/a", place / "shuffled/a");
  require_same_results(place / "one/a", place / "parts/a");
}

TEST_CASE("a second run finds everything cached, and an extended one runs only what is new") {
  const Workplace place;
  place.write("a.toml", experiment(5));
  CHECK(elbow::test::elbow(place.folder(), {"run", "a.toml"}).status == 0);
  const Ended again = elbow::test::elbow(place.folder(), {"run", "a.toml"});
  CHECK(again.status == 0);
  CHECK_THAT(again.output, Contains("5 cells, 5 cached, 0 to run"));
  const Ended more = elbow::test::elbow(place.folder(), {"run", "a.toml", "--set", "repeats=8"});
  CHECK(more.status == 0);
  CHECK_THAT(more.output, Contains("8 cells, 5 cached, 3 to run"));
}

TEST_CASE("cells made by another build of a plugin are run again") {
  const Workplace place;
  const fs::path plugins = place.copy_of_plugins();
  place.write("a.toml", experiment(3));
  CHECK(elbow::test::elbow(place.folder(), {"run", "a.toml"}, plugins).status == 0);
  std::ofstream(plugins / "samplers/moody.so", std::ios::app) << "another build";
  const Ended again = elbow::test::elbow(place.folder(), {"run", "a.toml"}, plugins);
  CHECK(again.status == 0);
  CHECK_THAT(again.output, Contains("3 to run (3 made by another build of a plugin)"));
}

TEST_CASE(
    "the option --only takes part of the cells, and a name that fits none is an error with some "
    "that do") {
  const Workplace place;
  place.write("a.toml", experiment(5));
  const Ended two = elbow::test::elbow(place.folder(), {"run", "a.toml", "--only", "*/*/[12]"});
  CHECK(two.status == 0);
  CHECK(cell_files(place / "results/a").size() == 2);
  const Ended none = elbow::test::elbow(place.folder(), {"run", "a.toml", "--only", "walc/*"});
  CHECK(none.status == 2);
  CHECK_THAT(none.output, Contains("isotropic/walk/0"));
}

TEST_CASE("with --fail-fast a run stops at the first failure, and a later one does the rest") {
  const Workplace place;
  place.write("a.toml",
              experiment(3) +
                  "[[method]]\nname = \"bad\"\nsampler = { plugin = "
                  "\"moody\", mood = \"throws\" }\n[[method]]\nname = \"slow\"\nsampler = { "
                  "plugin = \"moody\", pause = 20 }\nwarmup = 0\ndraws = 20\n");
  const Ended fast =
      elbow::test::elbow(place.folder(), {"run", "a.toml", "-j", "1", "--fail-fast"});
  CHECK(fast.status == 1);
  CHECK_THAT(fast.output, Contains("1 failure:"));
  CHECK(cell_files(place / "results/a").size() == 4);
  const Ended rest = elbow::test::elbow(place.folder(), {"run", "a.toml", "-j", "2"});
  CHECK(rest.status == 1);
  CHECK_THAT(rest.output, Contains("3 failures:") && Contains("1 failed before"));
  CHECK(cell_files(place / "results/a").size() == 9);
}

TEST_CASE("Ctrl-C keeps what is complete and says the command that runs the rest") {
  const Workplace place;
  place.write("a.toml", experiment(30, "pause = 5"));
  CHECK(elbow::test::elbow(place.folder(), {"run", "a.toml", "--results", "calm"}).status == 0);
  Program program(place.folder(), {"run", "a.toml", "-j", "2"});
  wait_for_cells(place / "results/a", 4);
  program.signal(SIGINT);
  const Ended run = program.wait();
  CHECK(run.status == 130);
  CHECK_THAT(run.output, Contains("elbow run a.toml -j 2 --plugins "));
  const std::size_t done = cell_files(place / "results/a").size();
  CHECK(done >= 4);
  CHECK(done < 30);
  CHECK(leftovers(place / "results/a").empty());
  require_complete_files(place / "results/a");
  CHECK(elbow::test::elbow(place.folder(), {"run", "a.toml", "-j", "2"}).status == 0);
  require_same_results(place / "calm/a", place / "results/a");
}

TEST_CASE("two runs in one folder at a time are refused") {
  const Workplace place;
  place.write("a.toml", experiment(4, "pause = 50"));
  Program first(place.folder(), {"run", "a.toml", "-j", "1"});
  wait_for_cells(place / "results/a", 1);
  const Ended second = elbow::test::elbow(place.folder(), {"run", "a.toml"});
  CHECK(second.status == 2);
  CHECK_THAT(second.output, Contains("another run is writing into this folder") &&
                                Contains(std::to_string(first.pid())));
  CHECK(first.wait().status == 0);
}

TEST_CASE("wrong calls exit with 2 and say what was expected") {
  const Workplace place;
  place.write("a.toml", experiment(1));
  const std::vector<std::pair<std::vector<std::string>, std::string>> calls = {
      {{"run"}, "FILE"},
      {{"run", "absent.toml"}, "absent.toml"},
      {{"run", "a.toml", "b.toml"}, "b.toml"},
      {{"run", "a.toml", "-j", "0"}, "from 1 to 10000, got 0"},
      {{"run", "a.toml", "--fast"}, "--fast"},
      {{"verify", "results/absent"}, "results/absent"}};
  for (const auto& [arguments, text] : calls) {
    const Ended ended = elbow::test::elbow(place.folder(), arguments);
    INFO(text);
    CHECK(ended.status == 2);
    CHECK_THAT(ended.output, Contains(text));
  }
}

TEST_CASE("verify repeats cells bit for bit, and names what differs") {
  const Workplace place;
  place.write("a.toml", experiment(6));
  CHECK(elbow::test::elbow(place.folder(), {"run", "a.toml"}).status == 0);
  const Ended same = elbow::test::elbow(place.folder(), {"verify", "results/a", "-j", "2"});
  CHECK(same.status == 0);
  CHECK_THAT(same.output, Contains("6 of 6 cells compared, 0 with a difference"));
  const Ended sample = elbow::test::elbow(place.folder(), {"verify", "results/a", "--sample", "2"});
  CHECK_THAT(sample.output, Contains("2 of 2 cells compared"));
  {
    const H5::H5File file(cell_files(place / "results/a").front().string(), H5F_ACC_RDWR);
    H5::DataSet set = file.openDataSet("posterior/x");
    std::vector<double> values(std::size_t(set.getSpace().getSimpleExtentNpoints()));
    set.read(values.data(), H5::PredType::NATIVE_DOUBLE);
    values[3] = 0.5;
    set.write(values.data(), H5::PredType::NATIVE_DOUBLE);
  }
  const Ended changed = elbow::test::elbow(place.folder(), {"verify", "results/a"});
  CHECK(changed.status == 1);
  CHECK_THAT(changed.output, Contains("/posterior/x, element 3: 0.5 and ") &&
                                 Contains("6 of 6 cells compared, 1 with a difference"));
}
