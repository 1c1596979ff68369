#include "data/posteriordb.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <elbow/error.hpp>

#include "data/file_content.hpp"
#include "support/posterior_checkout.hpp"
#include "support/scratch_folder.hpp"

using namespace elbow;
using Catch::Contains;

namespace {

void fill(const std::filesystem::path& root) {
  test::PosteriorCheckout checkout(root);
  checkout.add("b-model", "model", "b", R"({"mu": 1, "theta": 3, "x": [2, 4]})", R"({"y": [1]})",
               R"([{"mu": [1]}])");
  checkout.add("a-other", "other", "a", R"({"tau": 1})", R"({"y": [2]})", "");
  checkout.write("alias/posteriors.json", R"({"bee": "b-model"})");
}

}  // namespace

TEST_CASE("a checkout is known by its root and by its folder posterior_database") {
  const ScratchFolder folder;
  fill(folder / "repo/posterior_database");
  for (const char* root : {"repo", "repo/posterior_database"}) {
    const PosteriorDatabase database(folder / root);
    CHECK(database.names() == std::vector<std::string>{"a-other", "b-model"});
    CHECK(database.resolved("bee") == "b-model");
    CHECK(database.resolved("a-other") == "a-other");
  }
}

TEST_CASE("a posterior is its quantities, its data, its Stan program and its draws") {
  const ScratchFolder folder;
  fill(folder.path());
  const PosteriorDatabase database(folder.path());
  const DatabasePosterior b = database.posterior("b-model");
  REQUIRE(b.variables.size() == 3);
  CHECK(b.variables[0].shape.empty());
  CHECK(b.variables[1].shape == std::vector<Index>{3});
  CHECK(b.variables[2].shape == std::vector<Index>{2, 4});
  CHECK(read_content(b.data) == R"({"y": [1]})");
  CHECK(b.program.filename() == "model.stan");
  CHECK(read_content(b.reference) == R"([{"mu": [1]}])");
  CHECK(database.posterior("a-other").reference_name.empty());
}

TEST_CASE("what a posterior names and the checkout has not is an empty path") {
  const ScratchFolder folder;
  fill(folder.path());
  std::filesystem::remove(folder / "data/data/b.json.zip");
  std::filesystem::remove(folder / "models/stan/model.stan");
  std::filesystem::remove(folder / "reference_posteriors/draws/draws/b-model.json.zip");
  const DatabasePosterior b = PosteriorDatabase(folder.path()).posterior("b-model");
  CHECK(b.data.empty());
  CHECK(b.program.empty());
  CHECK(b.reference.empty());
  CHECK(b.reference_name == "b-model");
}

TEST_CASE("folders and files that are no posteriordb are refused") {
  const ScratchFolder folder;
  CHECK_THROWS_WITH(PosteriorDatabase(folder.path()),
                    Contains(folder.path().string()) && Contains("is no checkout of posteriordb"));
  fill(folder.path());
  test::PosteriorCheckout checkout(folder.path());
  checkout.write("posteriors/c.json", R"({"model_name": 3})");
  checkout.write("posteriors/d.json", "[");
  const PosteriorDatabase database(folder.path());
  CHECK_THROWS_WITH(database.posterior("c"), Contains("expected a text \"model_name\""));
  CHECK_THROWS_WITH(database.posterior("d"), Contains("d.json:1:2: is not JSON"));
}

TEST_CASE("an unset POSTERIORDB says what it must name") {
  unsetenv("POSTERIORDB");
  CHECK_THROWS_WITH(PosteriorDatabase::from_environment(), Contains("$POSTERIORDB is not set"));
  setenv("POSTERIORDB", "/nowhere", 1);
  CHECK_THROWS_WITH(PosteriorDatabase::from_environment(),
                    Contains("$POSTERIORDB: /nowhere is no checkout"));
  unsetenv("POSTERIORDB");
}

TEST_CASE("a zipped file is unpacked into the cache once, a plain one stays where it is") {
  const ScratchFolder folder;
  fill(folder.path());
  setenv("XDG_CACHE_HOME", (folder / "cache").c_str(), 1);
  const std::filesystem::path zip = folder / "data/data/b.json.zip";
  const std::filesystem::path copy = unpacked(zip);
  CHECK(copy.filename() == "b.json");
  CHECK(read_content(copy) == R"({"y": [1]})");
  const auto written = std::filesystem::last_write_time(copy);
  CHECK(unpacked(zip) == copy);
  CHECK(std::filesystem::last_write_time(copy) == written);
  CHECK(unpacked(copy) == copy);
  unsetenv("XDG_CACHE_HOME");
}
