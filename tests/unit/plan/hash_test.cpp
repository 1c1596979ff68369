#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "plan/make_plan.hpp"
#include "unit/config/reading.hpp"

using namespace elbow;

namespace {

const std::string model = "[[model]]\nplugin = \"gaussian\"\n";
const std::string hmc_block = "[[method]]\nname = \"hmc\"\nsampler = \"hmc\"\n";
const std::string rwm = "[[method]]\nname = \"rwm\"\nsampler = \"metropolis\"\n";
const std::string base = model + hmc_block + rwm;

/// Hashes by block of the method and replicate; one model only.
std::map<std::string, std::string> hashes(const std::string& text,
                                          const Catalog& catalog = example_catalog(),
                                          const DataFinder& find = example_data) {
  const Plan plan = make_plan(read_experiment("a.toml", text, {}, catalog, find), catalog);
  std::map<std::string, std::string> result;
  for (const Cell& cell : plan.cells)
    result[plan.models[cell.model].name + "/" + plan.methods[cell.method].name + "/" +
           std::to_string(cell.replicate)] = cell.hash;
  return result;
}

}  // namespace

TEST_CASE("a cell's name has 32 hexadecimal digits") {
  for (const auto& [name, hash] : hashes(base)) {
    CHECK(hash.size() == 32);
    CHECK(hash.find_first_not_of("0123456789abcdef") == std::string::npos);
  }
}

TEST_CASE("title, limits, comments and the order of keys do not change a cell") {
  CHECK(hashes(base) == hashes("title = \"x\" # a comment\nlimits.wall_seconds = 5\n" + base));
  CHECK(hashes(model + hmc_block + "chains = 2\nwarmup = 5\n") ==
        hashes(model + hmc_block + "warmup = 5\nchains = 2\n"));
}

TEST_CASE("a default that is written out does not change a cell") {
  CHECK(hashes(base) ==
        hashes(model + "dimension = 2\nscale = 1\n" + hmc_block + "chains = 4\n" + rwm));
}

TEST_CASE("the seed, an option of the model, and the evaluation change every cell") {
  const auto before = hashes(base);
  for (const std::string& text : {"seed = 5\n" + base, model + "scale = 2\n" + hmc_block + rwm,
                                  "evaluation.draws = 5\n" + base})
    for (const auto& [name, hash] : hashes(text)) CHECK(hash != before.at(name));
}

TEST_CASE("a change in one method leaves the cells of others alone") {
  const auto before = hashes(base);
  const auto after = hashes(model + hmc_block + "chains = 5\n" + rwm);
  CHECK(before.at("gaussian/rwm/0") == after.at("gaussian/rwm/0"));
  CHECK(before.at("gaussian/hmc/0") != after.at("gaussian/hmc/0"));
}

TEST_CASE("more repeats, methods and models keep the cells there were") {
  const auto before = hashes(base);
  const auto after = hashes("repeats = 3\n" + base + "[[model]]\nplugin = \"spins\"\n" +
                            "[[method]]\nname = \"more\"\nestimator = \"laplace\"\n");
  for (const auto& [name, hash] : before) CHECK(after.at(name) == hash);
  CHECK(after.size() > before.size());
}

TEST_CASE("an axis that has the old value keeps its cell") {
  const auto before = hashes(model + hmc_block + "chains = 4\n");
  const auto after = hashes(model + hmc_block + "chains = { each = [2, 4] }\n");
  CHECK(after.at("gaussian/hmc(chains=4)/0") == before.at("gaussian/hmc/0"));
}

TEST_CASE("the order of a plugin's declarations does not change a cell") {
  Catalog reordered = example_catalog();
  for (PluginInfo& plugin : reordered.plugins)
    std::reverse(plugin.options.begin(), plugin.options.end());
  CHECK(hashes(base) == hashes(base, reordered));
}

TEST_CASE("data are known by their content and not by where they are") {
  const std::string text = "[[model]]\nplugin = \"regression\"\nfile = \"data.csv\"\n" + hmc_block;
  const auto found = [](const std::string& path, const std::string& digest) {
    return [=](const DataRequest&) { return DataFile{path, digest}; };
  };
  const auto at = [&](const std::string& path, const std::string& digest) {
    return hashes(text, example_catalog(), found(path, digest));
  };
  CHECK(at("/a/x.csv", "1") == at("/b/y.csv", "1"));
  CHECK(at("/a/x.csv", "1") != at("/a/x.csv", "2"));
}
