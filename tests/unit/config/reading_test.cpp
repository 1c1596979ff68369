#include "unit/config/reading.hpp"

#include <catch2/catch.hpp>

#include "config/named_plugins.hpp"

using namespace elbow;

TEST_CASE("only the plugins that an experiment or its overrides name are opened") {
  const auto named = named_plugins(R"(
[[model]]
plugin = { each = ["gaussian", "spins"] }
[[method]]
name = "m"
family = { each = ["flow", { plugin = "mean_field" }] }
estimator = { plugin = "score" }
optimizer = "adam"
[[grid]]
method.m.optimizer = { plugin = "sgd" }
)",
                                   {"method.m.sampler=hmc", "seed=3"});
  std::vector<std::string> names;
  for (const PluginName& name : named)
    names.push_back(std::string(kind_name(name.kind)) + "/" + name.name);
  CHECK(names == std::vector<std::string>{"model/gaussian", "model/spins", "family/flow",
                                          "family/mean_field", "estimator/score", "optimizer/adam",
                                          "optimizer/sgd", "sampler/hmc"});
}

TEST_CASE("values keep the order and the places of the file") {
  const Experiment experiment = read_example(
      "[[model]]\nplugin = \"gaussian\"\nscale = { each = [3, 1, 2] }\ndimension = 4\n[[method]]\n"
      "name = \"m\"\nsampler = \"hmc\"\n");
  const auto& settings = experiment.grids.at(0).models.at(0).slots.at(0).choices.at(0).settings;
  REQUIRE(settings.size() == 2);
  CHECK(settings[0].name == "scale");
  CHECK(settings[0].values == std::vector<Json>{3.0, 1.0, 2.0});
  CHECK(settings[0].axis.place == Place{3, 9, 0});
  CHECK(settings[1].name == "dimension");
}

TEST_CASE("a table of HDF5 is a file and a dataset in it") {
  const auto file_of = [](const std::string& value) {
    return read_example("[[model]]\nplugin = \"regression\"\nfile = " + value +
                        "\n[[method]]\nname = \"m\"\nsampler = \"hmc\"\n")
        .grids.at(0)
        .models.at(0)
        .slots.at(0)
        .choices.at(0)
        .settings.at(0)
        .values.at(0);
  };
  const Json expected{
      {"path", "/somewhere/data.h5"}, {"sha256", "sha-of-data.h5"}, {"dataset", "group/x"}};
  CHECK(file_of("\"data.h5:group/x\"") == expected);
  CHECK(file_of("{ file = \"data.h5\", dataset = \"group/x\" }") == expected);
  CHECK(file_of("\"data:1.csv\"") ==
        Json{{"path", "/somewhere/data:1.csv"}, {"sha256", "sha-of-data:1.csv"}});
}

TEST_CASE("an override reaches a data file that is given by its name alone") {
  const std::string digest(64, '0');
  const Experiment experiment = read_example(
      "[[model]]\nplugin = \"regression\"\nfile = \"data.csv\"\n[[method]]\nname = \"m\"\nsampler "
      "= "
      "\"hmc\"\n",
      {"model.regression.file.sha256=\"" + digest + "\""});
  CHECK(experiment.grids.at(0).models.at(0).slots.at(0).choices.at(0).settings.at(0).values.at(
            0)["path"] == "/somewhere/data.csv");
}

TEST_CASE("values of overrides are TOML, and bare words are texts") {
  const std::string text =
      "[[model]]\nplugin = \"gaussian\"\n[[method]]\nname = \"m\"\nsampler = \"metropolis\"\n";
  const auto label = [&](const std::string& value) {
    const Experiment experiment = read_example(text, {"method.m.sampler.label=" + value});
    return experiment.grids.at(0).methods.at(0).slots.at(0).choices.at(0).settings.at(0).values.at(
        0);
  };
  CHECK(label("word") == "word");
  CHECK(label("\"two words\"") == "two words");
  CHECK(label("a/b-1.csv") == "a/b-1.csv");
  CHECK(problems_of(text, {"method.m.sampler.label=3\nx=4"}).size() == 1);
  CHECK(problems_of(text, {"method.m.sampler.label=[1"}).size() == 1);
}

TEST_CASE("an unknown plugin does not make its excludes wrong as well") {
  CHECK(problems_of(
            "[[model]]\nname = \"x\"\nplugin = \"gausian\"\n[[method]]\nname = \"m\"\nsampler "
            "= \"hmc\"\n[[exclude]]\nmodel.dimension = 2\n")
            .size() == 1);
}
