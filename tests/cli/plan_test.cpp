// What is wrong with models and their data is found while planning.

#include <catch2/catch.hpp>
#include <fstream>

#include "support/program.hpp"
#include "support/scratch_folder.hpp"

using Catch::Contains;
using elbow::test::ProgramRun;
using elbow::test::run_program;

namespace {

/// An experiment on one model whose options begin in line 3, after its plugin.
struct ModelExperiment {
  ScratchFolder folder;
  std::string method = "sampler = \"hmc\"\n";

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder / name) << text;
  }
  ProgramRun plan(const std::string& plugin, const std::string& options,
                  const std::string& arguments = "") const {
    write("a.toml", "[[model]]\nplugin = \"" + plugin + "\"\n" + options +
                        "\n[[method]]\nname = \"m\"\n" + method);
    return run_program("plan " + (folder / "a.toml").string() + arguments);
  }
  /// The errors of the plan, which must be refused, without the experiment's folder.
  std::string refusal(const std::string& plugin, const std::string& options,
                      const std::string& arguments = "") const {
    const ProgramRun run = plan(plugin, options, arguments);
    CHECK(run.status == 2);
    return run.err;
  }
};

}  // namespace

TEST_CASE("a table with a ragged row is refused by plan at the place that names it") {
  const ModelExperiment e;
  e.write("data.csv", "a,b\n1,0\n2,1,5\n");
  const std::string text = e.refusal("logistic_regression", "data = \"data.csv\"");
  CHECK_THAT(text, Contains("a.toml:3:8: model \"logistic_regression\": data: ") &&
                       Contains("data.csv:3") && Contains("expected 2 fields"));
}

TEST_CASE("a text where a number is expected is refused by plan") {
  const ModelExperiment e;
  e.write("data.csv", "a,b\n1,0\n2,yes\n");
  CHECK_THAT(e.refusal("linear_regression", "data = \"data.csv\""),
             Contains("a.toml:3:8: ") && Contains("expected a finite number, got \"yes\""));
}

TEST_CASE("an HDF5 dataset asked of another kind of file is refused by plan") {
  const ModelExperiment e;
  e.write("data.h5", "1,2\n");
  CHECK_THAT(e.refusal("linear_regression", "data = \"data.h5:x\""),
             Contains("a.toml:3:8: ") && Contains("expected an HDF5 file"));
}

TEST_CASE("data that are a folder are said to be one") {
  const ModelExperiment e;
  std::filesystem::create_directory(e.folder / "data");
  CHECK_THAT(e.refusal("linear_regression", "data = \"data\""),
             Contains("a.toml:3:8: ") && Contains("is a folder"));
}

TEST_CASE("options without effect are refused where they are given") {
  const ModelExperiment e;
  e.write("data.csv", "a,b\n1,0\n2,1\n3,0\n");
  const std::string text =
      e.refusal("logistic_regression", "data = \"data.csv\"\nitems = 5\ndimension = 3");
  CHECK_THAT(text, Contains("a.toml:4:9: model \"logistic_regression\": items has no effect"));
  CHECK_THAT(text, Contains("a.toml:5:13: model \"logistic_regression\": dimension has no effect"));
  CHECK_THAT(e.refusal("linear_regression", "response = \"b\""),
             Contains("a.toml:3:12: model \"linear_regression\": response has no effect"));
}

TEST_CASE("options of an autoencoder that belong to another choice are refused") {
  ModelExperiment e;
  e.method =
      "family = \"amortized_gaussian\"\nestimator = { plugin = \"amortized_elbo\", kl = "
      "\"monte_carlo\" }\noptimizer = \"adam\"\n";
  for (const std::string option :
       {"threshold = 0.3", "squeeze = 0.1", "dequantize = true", "couplings = 3",
        "coupling_hidden = [3]", "pseudo_inputs = 3", "second_latents = 2", "second_hidden = [2]"})
    CHECK_THAT(
        e.refusal("vae", option),
        Contains("a.toml:3:") && Contains("model \"vae\": " + option.substr(0, option.find(' ')) +
                                          " has no effect together with the other options"));
  CHECK_THAT(e.refusal("vae", "pixels = \"gaussian\"\nbinarization = \"fixed\""),
             Contains("a.toml:4:16: model \"vae\": binarization has no effect"));
  CHECK(e.plan("vae", "binarization = \"fixed\"\nthreshold = 0.3").status == 0);
}

TEST_CASE("an option without effect on the command line is refused there") {
  const ModelExperiment e;
  CHECK_THAT(e.refusal("laplace_mixture", "", " --set model.laplace_mixture.prior_location_sd=2"),
             Contains("--set model.laplace_mixture.prior_location_sd=2: model "
                      "\"laplace_mixture\": prior_location_sd has no effect"));
}

TEST_CASE("an option that has an effect in some cells of the grid only is accepted") {
  const ModelExperiment e;
  CHECK(e.plan("laplace_mixture",
               "target = { each = [\"density\", \"location_scale\"] }\nprior_location_sd = 2")
            .status == 0);
}

TEST_CASE("what a model's factory refuses is an error of the plan at the option it names") {
  const ModelExperiment e;
  CHECK_THAT(e.refusal("gaussian", "dimension = { each = [3, 2] }\nmean = [0, 0, 0]"),
             Contains("a.toml:3:26: model \"gaussian\": dimension is for 2 coordinates, but mean "
                      "is for 3"));
  CHECK_THAT(e.refusal("gaussian", "covariance = [[1, 2], [2, 1]]"),
             Contains("a.toml:3:14: model \"gaussian\": covariance"));
}

TEST_CASE("a batch of more items than the data have is an impossible pair") {
  const ModelExperiment e;
  const ProgramRun run =
      e.plan("linear_regression",
             "items = { each = [5, 20] }\n[[method]]\nname = \"f\"\nfamily = "
             "\"gaussian_mean_field\"\nestimator = \"reparameterized\"\noptimizer = \"adam\"\n"
             "batch_size = 10");
  INFO(run.err);
  CHECK(run.status == 0);
  CHECK_THAT(run.out, Contains("3 cells of") && Contains("1 impossible pair") &&
                          Contains("batch_size is 10, but the model has 5 data items"));
}

TEST_CASE("models of excluded cells are not made") {
  const ModelExperiment e;
  const ProgramRun run = e.plan("gaussian",
                                "dimension = { each = [3, 2] }\nmean = [0, 0, 0]\n[[exclude]]\n"
                                "model.dimension = 2");
  INFO(run.err);
  CHECK(run.status == 0);
}

TEST_CASE("a model that crashes, throws or hangs while it is made is left to its cells") {
  const ModelExperiment e;
  for (const std::string name : {"segfaults_in_factory", "throws_in_factory", "loops_in_factory"}) {
    const ProgramRun run = e.plan(name, "", " --plugins " ELBOW_POISON "/" + name);
    INFO(run.err);
    CHECK(run.status == 0);
  }
}

TEST_CASE("an option of a model that keeps its options may have an effect later") {
  const ModelExperiment e;
  const ProgramRun run =
      e.plan("reads_options_late", "scale = 2", " --plugins " ELBOW_POISON "/reads_options_late");
  INFO(run.err);
  CHECK(run.status == 0);
}
