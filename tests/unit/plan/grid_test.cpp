#include <catch2/catch.hpp>
#include <set>

#include "plan/make_plan.hpp"
#include "unit/config/reading.hpp"

using namespace elbow;

namespace {

Plan plan_of(const std::string& text, const std::vector<std::string>& overrides = {}) {
  return make_plan(read_example(text, overrides), example_catalog());
}

std::vector<std::string> problems_of_plan(const std::string& text) {
  try {
    plan_of(text);
    return {};
  } catch (const ExperimentError& error) {
    return error.problems();
  }
}

/// "model x method x replicate" of every cell.
std::set<std::string> cells(const Plan& plan) {
  std::set<std::string> names;
  for (const Cell& cell : plan.cells)
    names.insert(plan.models[cell.model].name + " x " + plan.methods[cell.method].name + " x " +
                 std::to_string(cell.replicate));
  return names;
}

std::set<std::string> names(const auto& variants) {
  std::set<std::string> result;
  for (const auto& variant : variants) result.insert(variant.name);
  return result;
}

std::set<std::string> hashes(const Plan& plan) {
  std::set<std::string> result;
  for (const Cell& cell : plan.cells) result.insert(cell.hash);
  return result;
}

using Names = std::set<std::string>;

const std::string gaussian = "[[model]]\nplugin = \"gaussian\"\n";
const std::string hmc = "[[method]]\nname = \"hmc\"\nsampler = \"hmc\"\n";
const std::string metropolis = "[[method]]\nname = \"rwm\"\nsampler = \"metropolis\"\n";
const std::string fit =
    "[[method]]\nname = \"fit\"\nfamily = { plugin = \"mean_field\" }\nestimator = { plugin = "
    "\"score\" }\noptimizer = { plugin = \"adam\" }\n";

std::string fit_with(const std::string& estimator, const std::string& optimizer) {
  return "[[method]]\nname = \"fit\"\nfamily = { plugin = \"mean_field\" }\nestimator = { plugin = "
         "\"score\", draws = " +
         estimator + " }\noptimizer = { plugin = \"adam\", learning_rate = " + optimizer + " }\n";
}

}  // namespace

TEST_CASE("the cells are the product of models, methods and replicates") {
  const Plan plan = plan_of("repeats = 2\n" + gaussian + hmc + metropolis);
  CHECK(cells(plan) == Names{"gaussian x hmc x 0", "gaussian x hmc x 1", "gaussian x rwm x 0",
                             "gaussian x rwm x 1"});
  CHECK(hashes(plan).size() == 4);
}

TEST_CASE("axes of a model and of a method are crossed") {
  const Plan plan = plan_of(gaussian + "dimension = { each = [2, 4] }\n" +
                            fit_with("{ each = [1, 10] }", "{ each = [0.5, 0.25] }"));
  CHECK(names(plan.models) == Names{"gaussian(dimension=2)", "gaussian(dimension=4)"});
  CHECK(names(plan.methods) == Names{"fit(estimator.draws=1, optimizer.learning_rate=0.5)",
                                     "fit(estimator.draws=1, optimizer.learning_rate=0.25)",
                                     "fit(estimator.draws=10, optimizer.learning_rate=0.5)",
                                     "fit(estimator.draws=10, optimizer.learning_rate=0.25)"});
  CHECK(plan.cells.size() == 8);
}

TEST_CASE("zipped axes advance together") {
  const Plan plan = plan_of(gaussian + fit_with("{ each = [1, 10], zip = \"a\" }",
                                                "{ each = [0.5, 0.25], zip = \"a\" }"));
  CHECK(names(plan.methods) == Names{"fit(estimator.draws=1, optimizer.learning_rate=0.5)",
                                     "fit(estimator.draws=10, optimizer.learning_rate=0.25)"});
}

TEST_CASE("ablated axes change one at a time around the base") {
  const Plan plan = plan_of(
      gaussian + fit_with("{ ablate = [1, 100], base = 10 }", "{ ablate = [0.5], base = 0.25 }"));
  CHECK(names(plan.methods) == Names{"fit(estimator.draws=10, optimizer.learning_rate=0.25)",
                                     "fit(estimator.draws=1, optimizer.learning_rate=0.25)",
                                     "fit(estimator.draws=100, optimizer.learning_rate=0.25)",
                                     "fit(estimator.draws=10, optimizer.learning_rate=0.5)"});
}

TEST_CASE("an ablation of the model is not crossed with one of the method") {
  const Plan plan = plan_of(gaussian + "dimension = { ablate = [4], base = 2 }\n" +
                            fit_with("{ ablate = [1], base = 10 }", "0.5"));
  CHECK(cells(plan) == Names{"gaussian(dimension=2) x fit(estimator.draws=10) x 0",
                             "gaussian(dimension=2) x fit(estimator.draws=1) x 0",
                             "gaussian(dimension=4) x fit(estimator.draws=10) x 0"});
}

TEST_CASE("an ablated axis is crossed with an ordinary one") {
  const Plan plan =
      plan_of(gaussian + fit_with("{ ablate = [1, 100], base = 10 }", "{ each = [0.5, 0.25] }"));
  CHECK(plan.cells.size() == 6);
}

TEST_CASE("plugins can be an axis, each with its own options and axes") {
  const Plan plan = plan_of(
      gaussian +
      "[[method]]\nname = \"fit\"\nestimator = \"score\"\noptimizer = \"adam\"\n"
      "family = { each = [\"mean_field\", { plugin = \"flow\", layers = { each = [1, 3] } }] }\n");
  CHECK(names(plan.methods) == Names{"fit(family=mean_field)", "fit(family=flow, family.layers=1)",
                                     "fit(family=flow, family.layers=3)"});
}

TEST_CASE("the name of a plugin alone can be an axis") {
  const Plan plan =
      plan_of(gaussian +
              "[[method]]\nname = \"fit\"\nestimator = \"score\"\nfamily = \"flow\"\n"
              "optimizer = { plugin = { each = [\"adam\", \"sgd\"] }, learning_rate = "
              "{ each = [0.5, 0.25] } }\n");
  CHECK(plan.methods.size() == 4);
}

TEST_CASE("a plugin axis zipped with an option advances with it") {
  const Plan plan = plan_of(
      gaussian +
      "[[method]]\nname = \"fit\"\nestimator = { plugin = \"score\", draws = { each = [1, 10], zip "
      "= "
      "\"a\" } }\nfamily = \"flow\"\noptimizer = { plugin = { each = [\"adam\", \"sgd\"], zip = "
      "\"a\" } }\n");
  CHECK(names(plan.methods) ==
        Names{"fit(optimizer=adam, estimator.draws=1)", "fit(optimizer=sgd, estimator.draws=10)"});
}

TEST_CASE("one plugin twice on an axis is told apart") {
  const Plan plan =
      plan_of(gaussian +
              "[[method]]\nname = \"fit\"\nestimator = \"score\"\nfamily = \"flow\"\noptimizer = { "
              "each = [{ "
              "plugin = \"adam\", beta1 = 0 }, { plugin = \"adam\", beta1 = 0.5 }] }\n");
  CHECK(names(plan.methods) == Names{"fit(optimizer=adam)", "fit(optimizer=adam#2)"});
}

TEST_CASE("a list is a value, and only each makes an axis of lists") {
  const Plan plan = plan_of(gaussian + "mean = [1.0, 2.0]\ncovariance = [[1, 0], [0, 1]]\n" + hmc);
  REQUIRE(plan.models.size() == 1);
  CHECK(plan.models[0].plugin.options["mean"] == Json::array({1.0, 2.0}));
  CHECK(plan.models[0].plugin.options["covariance"] == Json::parse("[[1.0,0.0],[0.0,1.0]]"));
  CHECK(plan_of(gaussian + "mean = { each = [[1.0, 2.0], [3.0]] }\n" + hmc).models.size() == 2);
}

TEST_CASE("all conditions of an exclude must hold, and a list means any of its values") {
  const std::string text =
      "repeats = 2\n" + gaussian + "dimension = { each = [2, 4, 8] }\n" + hmc + metropolis +
      "[[exclude]]\nmodel.dimension = [4, 8]\nmethod = \"hmc\"\nreplicate = 1\n";
  const Plan plan = plan_of(text);
  CHECK(plan.cells.size() == 3 * 2 * 2 - 2);
  const Names left = cells(plan);
  CHECK(left.contains("gaussian(dimension=2) x hmc x 1"));
  CHECK(left.contains("gaussian(dimension=4) x hmc x 0"));
  CHECK(!left.contains("gaussian(dimension=4) x hmc x 1"));
  CHECK(!left.contains("gaussian(dimension=8) x hmc x 1"));
  CHECK(left.contains("gaussian(dimension=8) x rwm x 1"));
}

TEST_CASE("an exclude can name plugins, options of a method's parts and defaults") {
  const std::string text =
      gaussian + fit_with("{ each = [1, 10] }", "{ each = [0.5, 0.25] }") + hmc;
  CHECK(plan_of(text + "[[exclude]]\nmethod.optimizer.learning_rate = 0.5\n").cells.size() == 3);
  CHECK(plan_of(text + "[[exclude]]\nmethod.estimator = { plugin = \"score\", draws = 1 }\n")
            .cells.size() == 3);
  CHECK(plan_of(text + "[[exclude]]\nmethod.chains = 4\n").cells.size() == 4);
}

TEST_CASE("an exclude that matches nothing says so") {
  CHECK(problems_of_plan(gaussian + "dimension = { each = [2, 4] }\n" + hmc +
                         "[[exclude]]\nmodel.dimension = 3\n") ==
        std::vector<std::string>{"a.toml:7:1: this [[exclude]] matches no cell"});
}

TEST_CASE("an experiment of which nothing is left is an error") {
  CHECK(problems_of_plan(gaussian + hmc + "[[exclude]]\nmethod = \"hmc\"\n").size() == 1);
}

TEST_CASE("grids add up, and equal cells are merged") {
  const Plan plan = plan_of(
      "repeats = 2\n" + gaussian + fit + hmc +
      "[[grid]]\nmethods = [\"hmc\"]\nmodel.gaussian.dimension = { each = [2, 4] }\n"
      "[[grid]]\nmethods = [\"fit\"]\nmethod.fit.optimizer.learning_rate = { each = [0.5, 0.25] }\n"
      "[[grid]]\nmethods = [\"hmc\"]\nrepeats = 3\n");
  CHECK(cells(plan) == Names{"gaussian(dimension=2) x hmc x 0", "gaussian(dimension=2) x hmc x 1",
                             "gaussian(dimension=2) x hmc x 2", "gaussian(dimension=4) x hmc x 0",
                             "gaussian(dimension=4) x hmc x 1",
                             "gaussian(dimension=2) x fit(optimizer.learning_rate=0.5) x 0",
                             "gaussian(dimension=2) x fit(optimizer.learning_rate=0.5) x 1",
                             "gaussian(dimension=2) x fit(optimizer.learning_rate=0.25) x 0",
                             "gaussian(dimension=2) x fit(optimizer.learning_rate=0.25) x 1"});
  CHECK(hashes(plan).size() == plan.cells.size());
}

TEST_CASE("overrides win over the file and over its grids") {
  const Plan plan = plan_of(
      "repeats = 5\n" + gaussian + fit +
          "[[grid]]\nmethod.fit.estimator.draws = { each = [1, 2] }\n",
      {"method.fit.estimator.draws=7", "repeats=1", "seed=3", "model.gaussian.dimension=5"});
  REQUIRE(plan.cells.size() == 1);
  CHECK(plan.seed == 3);
  CHECK(plan.methods[0].estimator->options["draws"] == 7);
  CHECK(plan.models[0].plugin.options["dimension"] == 5);
}

TEST_CASE("an override reaches a part that is given by its name alone") {
  const Plan plan =
      plan_of(gaussian +
                  "[[method]]\nname = \"my.fit\"\nfamily = \"flow\"\nestimator = "
                  "\"score\"\noptimizer = \"adam\"\n",
              {"method.\"my.fit\".family.layers=7", "method.\"my.fit\".optimizer=sgd"});
  CHECK(plan.methods[0].family->options["layers"] == 7);
  CHECK(plan.methods[0].optimizer->name == "sgd");
}

TEST_CASE("a grid of too many cells is refused with the count") {
  std::string values;
  for (int i = 1; i <= 1000; ++i) values += std::to_string(i) + ",";
  const auto problems = problems_of_plan("repeats = 1000000\n" + gaussian +
                                         "dimension = { each = [" + values + "] }\n" + hmc);
  REQUIRE(problems.size() == 1);
  CHECK_THAT(problems[0], Catch::Contains("1000000000 cells"));
}

TEST_CASE("a hundred thousand cells equal the brute-force product") {
  std::string dimensions, rates;
  for (int i = 1; i <= 100; ++i) dimensions += std::to_string(i) + ",";
  for (int i = 1; i <= 50; ++i) rates += std::to_string(i) + ".5,";
  const Plan plan = plan_of("repeats = 20\n" + gaussian + "dimension = { each = [" + dimensions +
                            "] }\n" + fit_with("1", "{ each = [" + rates + "] }"));
  REQUIRE(plan.cells.size() == 100 * 50 * 20);
  CHECK(hashes(plan).size() == plan.cells.size());
  std::set<std::tuple<int, double, int>> found, expected;
  for (const Cell& cell : plan.cells)
    found.emplace(plan.models[cell.model].plugin.options["dimension"],
                  plan.methods[cell.method].optimizer->options["learning_rate"],
                  int(cell.replicate));
  for (int d = 1; d <= 100; ++d)
    for (int r = 1; r <= 50; ++r)
      for (int k = 0; k < 20; ++k) expected.emplace(d, r + 0.5, k);
  CHECK(found == expected);
}

TEST_CASE("settings get their defaults, and the default stop only when no other is given") {
  const Plan plan = plan_of(gaussian + fit);
  CHECK(plan.methods[0].settings["stop"] == Json{{"iterations", 10000}});
  CHECK(plan.methods[0].settings["draws"] == 1000);
  CHECK(!plan.methods[0].settings.contains("chains"));
  CHECK(plan_of(gaussian + fit + "stop = { seconds = 2 }\n").methods[0].settings["stop"] ==
        Json{{"seconds", 2.0}});
}

TEST_CASE("a sampler has 4 chains or 1000 particles where the file says nothing of them") {
  const std::string particles = "[[method]]\nname = \"p\"\nsampler = \"particles\"\n";
  const Plan plan = plan_of(gaussian + hmc + particles);
  REQUIRE(plan.methods.size() == 2);
  CHECK(plan.methods[0].settings["chains"] == 4);
  CHECK(plan.methods[1].settings["chains"] == 1000);
  CHECK(plan_of(gaussian + particles + "chains = 50\n").methods[0].settings["chains"] == 50);
}

TEST_CASE("pairs that lack an ability are impossible, with the reason") {
  const Plan plan =
      plan_of("[[model]]\nplugin = \"spins\"\n[[model]]\nplugin = \"gaussian\"\n" + hmc + fit +
              "[[method]]\nname = \"bits\"\nfamily = \"bernoulli\"\n"
              "estimator = \"score\"\noptimizer = \"adam\"\n");
  CHECK(plan.cells.size() == 3);  // spins x bits, gaussian x hmc, gaussian x fit
  REQUIRE(plan.impossible.size() == 3);
  CHECK(
      plan.impossible[0].reason ==
      "sampler \"hmc\" needs gradient of the model, but model \"spins\" offers density, discrete; "
      "offered by the models gaussian, regression");
  CHECK(plan.impossible[1].reason ==
        "model \"spins\" is discrete and needs a family with discrete_draws, which family "
        "\"mean_field\" has not; offered by the families bernoulli");
  CHECK(plan.impossible[2].reason ==
        "family \"bernoulli\" has discrete_draws and needs a model that is discrete, which model "
        "\"gaussian\" is not; offered by the models spins");
}

TEST_CASE("a choice of an option can need more of the family") {
  const Plan plan =
      plan_of(gaussian +
              "[[method]]\nname = \"fit\"\nfamily = { each = [\"mean_field\", "
              "\"flow\"] }\nestimator = { plugin = \"pathwise\", entropy = \"closed\" "
              "}\noptimizer = \"adam\"\n");
  CHECK(plan.cells.size() == 1);
  REQUIRE(plan.impossible.size() == 1);
  CHECK_THAT(plan.impossible[0].reason,
             Catch::StartsWith("estimator \"pathwise\" needs closed_entropy of the family, but "
                               "family \"flow\" offers"));
}

TEST_CASE("batches need a model with minibatches") {
  const Plan plan = plan_of(gaussian + "[[model]]\nplugin = \"regression\"\nfile = \"data.csv\"\n" +
                            fit + "batch_size = 10\n");
  CHECK(plan.cells.size() == 1);
  REQUIRE(plan.impossible.size() == 1);
  CHECK_THAT(plan.impossible[0].reason, Catch::StartsWith("batch_size needs minibatch"));
}

TEST_CASE("a sampler may follow an estimator that learns its target") {
  const Plan plan = plan_of(
      "[[model]]\nplugin = \"two_moons\"\n[[method]]\nname = \"ratio\"\nestimator = \"ratio\"\n"
      "optimizer = \"adam\"\nsampler = \"hmc\"\n");
  CHECK(plan.cells.size() == 1);
  CHECK(plan.impossible.empty());
}
