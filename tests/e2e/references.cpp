// Reference draws and posteriors of posteriordb, from an experiment file to the metrics.

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <elbow/random.hpp>
#include <fstream>
#include <sstream>

#include "program.hpp"
#include "record/cell_summary.hpp"
#include "support/posterior_checkout.hpp"

using namespace elbow;
using namespace elbow::test;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

/// Sets an environment variable of the programs that a test starts.
class Environment {
 public:
  Environment(const char* name, const std::string& value) : name_(name) {
    setenv(name, value.c_str(), 1);
  }
  ~Environment() { unsetenv(name_); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  const char* name_;
};

constexpr const char* walk = R"(
[[method]]
name = "walk"
sampler = "random_walk_metropolis"
draws = 200
chains = 2
)";

/// Independent normal draws as CSV: one column of mean `mean` and sd 1 for each name.
std::string normal_csv(const std::vector<std::string>& names, double mean) {
  RandomStream stream(7, 0, "csv");
  std::ostringstream text;
  for (const std::string& name : names) text << (&name == &names[0] ? "" : ",") << name;
  for (int draw = 0; draw < 1000; ++draw) {
    text << '\n';
    for (std::size_t i = 0; i < names.size(); ++i)
      text << (i == 0 ? "" : ",") << mean + stream.normal();
  }
  return text.str() + "\n";
}

std::string list_of(const std::string& name, int count, RandomStream& stream, double mean) {
  std::ostringstream text;
  text << '"' << name << "\": [";
  for (int i = 0; i < count; ++i) text << (i == 0 ? "" : ", ") << mean + stream.normal();
  text << ']';
  return text.str();
}

/// A regression on two covariates with 12 rows, and draws that are near no posterior.
void add_regression(PosteriorCheckout& checkout, const std::string& name, std::uint64_t seed) {
  RandomStream stream(seed, 0, "regression");
  const std::string data = "{\"N\": 12, " + list_of("a", 12, stream, 0) + ", " +
                           list_of("b", 12, stream, 0) + ", " + list_of("y", 12, stream, 1) + "}";
  const std::string reference = "[{" + list_of("beta[1]", 100, stream, 0) + ", " +
                                list_of("beta[2]", 100, stream, 0) + ", " +
                                list_of("sigma", 100, stream, 1) + "}]";
  checkout.add(name, "blr", name + "_data", R"({"beta": 2, "sigma": 1})", data, reference);
}

}  // namespace

TEST_CASE("every method is measured against the reference that a model names") {
  const Workplace place;
  place.write("draws.csv", normal_csv({"z.1", "z.2", "lp__", "other"}, 3));
  const fs::path file = place.write("e.toml", R"(
[[model]]
plugin = "gaussian"
mean = [3.0, 3.0]
covariance = [[1.0, 0.0], [0.0, 1.0]]
reference = "draws.csv"

[[method]]
name = "laplace"
estimator = "laplace"

[[method]]
name = "nuts"
sampler = "nuts"
)");
  const Ended ended = test::elbow(place.folder(), {"run", file.string()});
  INFO(ended.output);
  REQUIRE(ended.status == 0);
  CHECK_THAT(ended.output, Contains("the model has no other, which the reference has"));
  for (const CellSummary& cell : read_index(place / "results/e")) {
    CAPTURE(cell.method);
    for (const char* metric : {"mean_error_max", "sd_error_max"}) {
      // The reference's own Monte-Carlo error, 1/sqrt(1000), is part of the error and its mcse.
      CHECK(cell.metrics.at(metric).value > 0);
      CHECK(std::abs(cell.metrics.at(metric).value) < 5 * cell.metrics.at(metric).mcse);
      CHECK(cell.metrics.at(metric).mcse >= 0.9 * std::sqrt(0.5 / 1000));
    }
  }
}

TEST_CASE("another reference makes other cells, a file of another name with equal draws does not") {
  const Workplace place;
  place.write("a.csv", normal_csv({"z[1]", "z[2]"}, 0));
  place.write("b.csv", normal_csv({"z[1]", "z[2]"}, 1));
  fs::copy(place / "a.csv", place / "same.csv");
  const fs::path file = place.write(
      "e.toml", std::string("[[model]]\nplugin = \"gaussian\"\nreference = \"a.csv\"\n") + walk);
  REQUIRE(test::elbow(place.folder(), {"run", file.string(), "--quiet"}).status == 0);
  const auto run = [&](const std::string& reference) {
    return test::elbow(place.folder(),
                       {"run", file.string(), "--set", "model.gaussian.reference=" + reference})
        .output;
  };
  CHECK_THAT(run("same.csv"), Contains("1 cached, 0 to run"));
  CHECK_THAT(run("b.csv"), Contains("0 cached, 1 to run"));
}

TEST_CASE("the result of a cell is a reference for another experiment") {
  const Workplace place;
  const fs::path first =
      place.write("first.toml", std::string("[[model]]\nplugin = \"gaussian\"\n") + walk);
  REQUIRE(test::elbow(place.folder(), {"run", first.string(), "--quiet"}).status == 0);
  const fs::path cell = cell_files(place / "results/first").at(0);
  const fs::path second =
      place.write("second.toml", "seed = 5\n[[model]]\nplugin = \"gaussian\"\nreference = \"" +
                                     cell.string() + "\"\n" + walk);
  REQUIRE(test::elbow(place.folder(), {"run", second.string(), "--quiet"}).status == 0);
  const CellSummary summary = read_index(place / "results/second").at(0);
  CHECK(summary.metrics.at("mean_error_max").value > 0);
}

TEST_CASE("references that cannot be used are errors of planning, with their place") {
  const Workplace place;
  fs::create_directory(place / "folder");
  place.write("bad.json", "[{\"x[1]\": [1, 2");
  place.write("names.csv", normal_csv({"y"}, 0));
  place.write("shape.csv", normal_csv({"z[1]", "z[2]", "z[3]"}, 0));
  place.write("cut.zip", zipped("x.json", std::string(2000, 'x')).substr(0, 20));
  const auto [name, expected] = GENERATE(table<std::string, std::string>({
      {"none.csv",
       "e.toml:3:13: model \"gaussian\": reference: data file \"none.csv\" was not found"},
      {"folder", "is a folder"},
      {"bad.json", "e.toml:3:13: model \"gaussian\": reference: "},
      {"names.csv", "the reference has no draws of z; the model has z[2]; the reference has y"},
      {"shape.csv", "the variable z[2] has another shape in the reference, which has 3"},
      {"cut.zip", "cut.zip: cannot be read: the zip archive is cut off"},
  }));
  const fs::path file = place.write(
      "e.toml", "[[model]]\nplugin = \"gaussian\"\nreference = \"" + name + "\"\n" + walk);
  const Ended ended = test::elbow(place.folder(), {"plan", file.string()});
  CHECK(ended.status == 2);
  CHECK_THAT(ended.output, Contains(expected));
}

TEST_CASE("posteriordb's posteriors are listed with dimensions, data, programs and draws") {
  const Workplace place;
  PosteriorCheckout checkout(place / "db");
  add_regression(checkout, "one-blr", 1);
  checkout.add("two-blr", "blr", "two_data", R"({"beta": [2, 3], "sigma": 1})", "{}", "");
  const Environment environment("POSTERIORDB", (place / "db").string());
  const Ended ended = test::elbow(place.folder(), {"list", "posteriordb"});
  CHECK(ended.status == 0);
  CHECK_THAT(ended.output, Contains("one-blr  yes   yes      yes    3        beta[2], sigma"));
  CHECK_THAT(ended.output, Contains("two-blr  yes   yes      -      7        beta[2, 3], sigma"));
}

TEST_CASE("what is wrong with posteriordb is said at the posterior's place") {
  const Workplace place;
  const fs::path file = place.write(
      "e.toml",
      std::string("[[model]]\nplugin = \"gaussian_regression\"\nposteriordb = \"one-blt\"\n") +
          walk);
  const auto output = [&] {
    const Ended ended = test::elbow(place.folder(), {"plan", file.string()});
    CHECK(ended.status == 2);
    return ended.output;
  };
  unsetenv("POSTERIORDB");
  CHECK_THAT(output(), Contains("e.toml:3:15: model: posteriordb: $POSTERIORDB is not set"));
  CHECK(test::elbow(place.folder(), {"list", "posteriordb"}).status == 2);
  {
    const Environment environment("POSTERIORDB", place.folder().string());
    CHECK_THAT(output(), Contains("is no checkout of posteriordb"));
  }
  PosteriorCheckout checkout(place / "db");
  add_regression(checkout, "one-blr", 1);
  const Environment environment("POSTERIORDB", (place / "db").string());
  CHECK_THAT(output(),
             Contains("e.toml:3:15: model: posteriordb: there is no posterior \"one-blt\"") &&
                 Contains("did you mean \"one-blr\"?"));
  place.write(
      "e.toml",
      std::string("[[model]]\nplugin = \"gaussian_regression\"\nposteriordb = \"one-blr\"\n") +
          walk);
  fs::remove(place / "db/data/data/one-blr_data.json.zip");
  CHECK_THAT(output(), Contains("the data \"one-blr_data\" of one-blr are not in the checkout"));
}

TEST_CASE("a posterior of posteriordb without a plugin is its Stan program on its data") {
  const Workplace place;
  PosteriorCheckout checkout(place / "db");
  RandomStream stream(3, 0, "reference");
  const std::string reference =
      "[{" + list_of("mu", 500, stream, 4) + ", " + list_of("tau", 500, stream, 3) + "}]";
  checkout.add("eight-schools", "schools", "eight", R"({"theta": 8, "mu": 1, "tau": 1})",
               R"({"J": 8, "y": [28, 8, -3, 7, -1, 1, 18, 12],
                   "sigma": [15, 10, 16, 11, 9, 11, 10, 18]})",
               reference);
  const Environment database("POSTERIORDB", (place / "db").string());
  const Environment cache("XDG_CACHE_HOME", (place / "cache").string());
  const fs::path library = fs::path(ELBOW_POISON).parent_path() / "stan/schools.so";
  const fs::path file =
      place.write("e.toml", "[[model]]\nposteriordb = \"eight-schools\"\nlibrary = \"" +
                                library.string() + "\"\n" + walk);
  const Ended ended = test::elbow(place.folder(), {"run", file.string()});
  INFO(ended.output);
  REQUIRE(ended.status == 0);
  const CellSummary cell = read_index(place / "results/e").at(0);
  CHECK(cell.model == "eight-schools");
  CHECK(cell.metrics.count("mean_error_max") == 1);
  fs::remove(place / "db/models/stan/schools.stan");
  CHECK(test::elbow(place.folder(), {"plan", file.string()}).status == 0);
  place.write("e.toml", std::string("[[model]]\nposteriordb = \"eight-schools\"\n") + walk);
  CHECK_THAT(test::elbow(place.folder(), {"plan", file.string()}).output,
             Contains("the Stan program \"schools\" of eight-schools is not in the checkout"));
}

TEST_CASE("40 posteriors x 4 methods x 3 replicates are one command, which goes on after a stop") {
  const Workplace place;
  PosteriorCheckout checkout(place / "db");
  std::string names;
  for (int i = 0; i < 40; ++i) {
    const std::string name = "p" + std::to_string(i) + "-blr";
    add_regression(checkout, name, std::uint64_t(i));
    names += (i == 0 ? "\"" : ", \"") + name + "\"";
  }
  const Environment environment("POSTERIORDB", (place / "db").string());
  const fs::path file = place.write("e.toml",
                                    "repeats = 3\n[evaluation]\ndraws = 100\n"
                                    "checkpoints = false\ngradient_draws = 0\n"
                                    "[[model]]\nname = \"blr\"\n"
                                    "plugin = \"gaussian_regression\"\n"
                                    "posteriordb = { each = [" +
                                        names + R"(] }
[[method]]
name = "fit"
family = { each = ["gaussian_mean_field", "gaussian_full_rank"] }
estimator = "reparameterized"
optimizer = "adam"
stop = { iterations = 20 }
draws = 50
[[method]]
name = "laplace"
estimator = "laplace"
draws = 50
[[method]]
name = "walk"
sampler = { plugin = "moody", mood = "crashes" }
warmup = 0
draws = 10
)");
  Program first(place.folder(), {"run", file.string(), "-j", "2"});
  wait_for_cells(place / "results/e", 60);
  first.signal(SIGINT);
  CHECK(first.wait().status != 0);
  const std::size_t done = cell_files(place / "results/e").size();
  CHECK(done < 480);

  const Ended second = test::elbow(place.folder(), {"run", file.string(), "-j", "2"});
  INFO(second.output);
  CHECK(second.status == 1);  // a quarter of the cells crashed
  std::size_t crashed = 0, measured = 0;
  std::map<std::string, int> models;
  for (const CellSummary& cell : read_index(place / "results/e")) {
    crashed += cell.outcome.ending == Ending::crashed;
    measured += cell.metrics.count("mean_error_max");
    ++models[cell.model];
  }
  CHECK(crashed == 120);
  CHECK(measured == 360);
  CHECK(models.size() == 40);
  CHECK(models.count("blr(posteriordb=p7-blr)") == 1);
}

TEST_CASE(
    "the table of posteriordb's posteriors: NUTS agrees with the reference draws of all seven") {
  const char* const folder = std::getenv("ELBOW_DATA");
  if (!folder || !fs::exists(fs::path(folder) / "posteriordb/posteriors")) {
    WARN("TEST SKIPPED: $ELBOW_DATA/posteriordb is not there");
    return;
  }
  const Workplace place;
  const Environment environment("POSTERIORDB", (fs::path(folder) / "posteriordb").string());
  std::ifstream shipped(ELBOW_SOURCE "/experiments/posteriordb.toml");
  std::stringstream text;
  text << shipped.rdbuf();
  std::string experiment = text.str();
  const std::size_t methods = experiment.find("[[method]]");
  experiment.replace(methods, experiment.rfind("[[method]]") - methods, "");
  const fs::path file = place.write("posteriordb.toml", experiment);
  const Ended ended =
      test::elbow(place.folder(), {"run", file.string(), "--set", "repeats=1", "-j", "2"});
  INFO(ended.output);
  REQUIRE(ended.status == 0);
  const std::vector<CellSummary> cells = read_index(place / "results/posteriordb");
  REQUIRE(cells.size() == 7);
  for (const CellSummary& cell : cells) {
    CAPTURE(cell.model);
    CHECK(cell.metrics.at("mean_error_max").value < 0.1);
    CHECK(cell.metrics.at("rhat_max").value < 1.01);
    CHECK(cell.metrics.at("sd_error_max").value < 5 * cell.metrics.at("sd_error_max").mcse);
  }
}
