#include <catch2/catch.hpp>

#include "unit/config/reading.hpp"

using namespace elbow;
using Lines = std::vector<std::string>;

namespace {

std::string with_model(const std::string& line) {
  return "[[model]]\nplugin = \"gaussian\"\n" + line +
         "\n[[method]]\nname = \"m\"\nsampler = \"hmc\"\n";
}

std::string with_method(const std::string& lines) {
  return "[[model]]\nplugin = \"gaussian\"\n[[method]]\nname = \"m\"\n" + lines + "\n";
}

std::string with_optimizer(const std::string& options) {
  return with_method(
      "family = \"mean_field\"\nestimator = \"pathwise\"\n"
      "optimizer = { plugin = \"adam\", " +
      options + " }");
}

const std::string complete = with_model("");

}  // namespace

TEST_CASE("a complete experiment has no problem") {
  CHECK(problems_of(complete).empty());
  CHECK(problems_of(with_optimizer("beta1 = 0")).empty());
}

TEST_CASE("a TOML syntax error has its place and the parser's description") {
  const Lines problems = problems_of("seed = 1\nrepeats = = 2\n");
  REQUIRE(problems.size() == 1);
  CHECK_THAT(problems[0], Catch::StartsWith("a.toml:2:11: "));
}

TEST_CASE("an integer that does not fit is refused by the parser with its place") {
  const Lines problems = problems_of("seed = 99999999999999999999\n" + complete);
  REQUIRE(problems.size() == 1);
  CHECK_THAT(problems[0], Catch::StartsWith("a.toml:1:"));
}

TEST_CASE("an unknown key at the top suggests the nearest one") {
  CHECK(problems_of("repaets = 3\n" + complete) ==
        Lines{"a.toml:1:1: an experiment has no key \"repaets\"; did you mean \"repeats\"?"});
}

TEST_CASE("an unknown option suggests the nearest one") {
  CHECK(problems_of(with_model("dimensoin = 3")) ==
        Lines{"a.toml:3:1: model \"gaussian\" has no option \"dimensoin\"; did you mean "
              "\"dimension\"?"});
}

TEST_CASE("a value out of bounds names the option, the bound and the value") {
  CHECK(problems_of(with_model("dimension = 0")) ==
        Lines{"a.toml:3:13: model \"gaussian\": dimension must be at least 1 and at most 1000, got "
              "0"});
  CHECK(problems_of(with_optimizer("learning_rate = -0.5")) ==
        Lines{"a.toml:7:48: optimizer \"adam\": learning_rate must be above 0 steps, got -0.5"});
  CHECK(problems_of(with_optimizer("beta1 = 1")) ==
        Lines{"a.toml:7:40: optimizer \"adam\": beta1 must be at least 0 and below 1, got 1"});
}

TEST_CASE("a value of the wrong type says what was expected and found") {
  CHECK(
      problems_of(with_model("dimension = \"two\"")) ==
      Lines{"a.toml:3:13: model \"gaussian\": dimension must be an integer, got the text \"two\""});
  CHECK(problems_of(with_model("scale = true")) ==
        Lines{"a.toml:3:9: model \"gaussian\": scale must be a number, got true"});
  CHECK(problems_of(with_model("mean = [1.0, \"x\"]")) ==
        Lines{"a.toml:3:14: model \"gaussian\": mean[1] must be a number, got the text \"x\""});
  CHECK(problems_of(with_model("scale = 2026-01-01")) ==
        Lines{"a.toml:3:9: model \"gaussian\": scale must be a number, got the date or time "
              "2026-01-01"});
}

TEST_CASE("an integer written as a floating-point number says how to write it") {
  CHECK(
      problems_of(with_model("dimension = 1e2")) ==
      Lines{"a.toml:3:13: model \"gaussian\": dimension must be an integer, got the number 100.0; "
            "write 100"});
}

TEST_CASE("a list where a single value is wanted says how an axis is written") {
  CHECK(
      problems_of(with_model("dimension = [2, 4]")) ==
      Lines{"a.toml:3:13: model \"gaussian\": dimension must be an integer, got a list (an axis of "
            "the grid is written { each = [...] })"});
}

TEST_CASE("numbers that are not finite are refused") {
  CHECK(problems_of(with_model("scale = nan")) ==
        Lines{"a.toml:3:9: model \"gaussian\": scale must be finite, got nan"});
  CHECK(problems_of(with_model("mean = [-inf]")) ==
        Lines{"a.toml:3:9: model \"gaussian\": mean[0] must be finite, got -inf"});
}

TEST_CASE("rows of a matrix must have one length") {
  CHECK(problems_of(with_model("covariance = [[1, 0], [0]]")) ==
        Lines{"a.toml:3:23: model \"gaussian\": covariance[1] must have 2 numbers as the first row "
              "has, got 1"});
}

TEST_CASE("a choice that is none lists the choices and suggests one") {
  CHECK(
      problems_of(with_method("family = \"mean_field\"\noptimizer = \"adam\"\n"
                              "estimator = { plugin = \"pathwise\", entropy = \"close\" }")) ==
      Lines{"a.toml:7:46: estimator \"pathwise\": entropy must be one of monte_carlo, closed, got "
            "\"close\"; did you mean \"closed\"?"});
}

TEST_CASE("a missing required option says its type and what it is") {
  CHECK(
      problems_of("[[model]]\nplugin = \"regression\"\n[[method]]\nname = \"m\"\nsampler = "
                  "\"hmc\"\n") ==
      Lines{"a.toml:1:1: model \"regression\": the option \"file\" is required (the name of a data "
            "file or { file = \"...\" }: the data)"});
}

TEST_CASE("an unknown plugin suggests the nearest of its kind") {
  CHECK(problems_of(with_method("sampler = \"metropolsi\"")) ==
        Lines{"a.toml:5:11: there is no sampler \"metropolsi\"; did you mean \"metropolis\"?"});
}

TEST_CASE("a plugin of another kind is recognised") {
  CHECK(problems_of(with_method("estimator = { plugin = \"hmc\" }")) ==
        Lines{"a.toml:5:24: \"hmc\" is a sampler, not an estimator"});
}

TEST_CASE("a refused plugin is reported with the refusal") {
  CHECK(
      problems_of(with_method("sampler = \"broken\"")) ==
      Lines{"a.toml:5:11: the sampler \"broken\" cannot be used: built for ABI 99, this is ABI 1"});
}

TEST_CASE("a method needs a name, and names are unique") {
  CHECK(problems_of("[[model]]\nplugin = \"gaussian\"\n[[method]]\nsampler = \"hmc\"\n") ==
        Lines{"a.toml:3:1: method: name = \"...\" is needed"});
  CHECK(problems_of(complete + "[[method]]\nname = \"m\"\nsampler = \"hmc\"\n") ==
        Lines{"a.toml:8:8: there are two methods \"m\" (the other one is in line 4)"});
}

TEST_CASE("two models of one plugin must be told apart by names") {
  CHECK(
      problems_of(complete + "[[model]]\nplugin = \"gaussian\"\n") ==
      Lines{"a.toml:7:1: there are two models \"gaussian\" (the other one is in line 1); give them "
            "a name = \"...\" each"});
  CHECK(problems_of(complete + "[[model]]\nname = \"wide\"\nplugin = \"gaussian\"\n").empty());
}

TEST_CASE("an experiment needs models and methods") {
  CHECK(problems_of("seed = 1\n") ==
        Lines{"a.toml:1:1: there is no [[model]]; at least one is needed",
              "a.toml:1:1: there is no [[method]]; at least one is needed"});
}

TEST_CASE("a method needs an estimator or a sampler, and no part that is not used") {
  CHECK(problems_of(with_method("")) ==
        Lines{"a.toml:3:1: method \"m\": needs an estimator (to fit), a sampler, or both"});
  CHECK(problems_of(with_method("sampler = \"hmc\"\nfamily = \"flow\"")) ==
        Lines{"a.toml:6:10: method \"m\": the family is not used, because there is no estimator"});
  CHECK(problems_of(with_method("estimator = \"laplace\"\nfamily = \"flow\"")) ==
        Lines{"a.toml:6:10: method \"m\": the family is not used by the estimator \"laplace\""});
}

TEST_CASE("an estimator needs its family and its optimizer") {
  CHECK(
      problems_of(with_method("estimator = \"score\"")) ==
      Lines{"a.toml:5:13: method \"m\": the estimator \"score\" needs family = { plugin = \"...\" "
            "}",
            "a.toml:5:13: method \"m\": the estimator \"score\" needs optimizer = { plugin = "
            "\"...\" }"});
}

TEST_CASE("settings of samplers are refused for fits, and those of fits for samplers") {
  CHECK(problems_of(with_method("estimator = \"laplace\"\nchains = 2")) ==
        Lines{"a.toml:6:1: method \"m\": chains is for methods with a sampler, and this one has "
              "none"});
  CHECK(
      problems_of(with_method("sampler = \"hmc\"\nstop.iterations = 2")) ==
      Lines{"a.toml:6:6: method \"m\": stop.iterations is for methods with an estimator, and this "
            "one has none"});
}

TEST_CASE("unknown keys of methods, stops, limits and evaluation are reported") {
  CHECK(problems_of(with_method("sampler = \"hmc\"\nchanis = 2")) ==
        Lines{"a.toml:6:1: method \"m\": there is no key \"chanis\"; did you mean \"chains\"?"});
  CHECK(problems_of(with_method("estimator = \"laplace\"\nstop = { iteration = 2 }")) ==
        Lines{"a.toml:6:10: method \"m\": stop has no key \"iteration\"; did you mean "
              "\"iterations\"?"});
  CHECK(problems_of("limits.memory_bm = 1\nevaluation.drawz = 10\n" + complete) ==
        Lines{"a.toml:1:8: limits: there is no key \"memory_bm\"; did you mean \"memory_mb\"?",
              "a.toml:2:12: evaluation: there is no key \"drawz\"; did you mean \"draws\"?"});
}

TEST_CASE("all problems are reported at once, in the order of the file") {
  const Lines problems = problems_of(
      "sede = 1\nrepeats = 0\n[[model]]\nplugin = \"gausian\"\n[[model]]\nplugin = \"spins\"\nsize "
      "= 0\n[[method]]\nname = \"m\"\nsampler = \"hmc\"\nwarmup = -1\n");
  REQUIRE(problems.size() == 5);
  const char* places[] = {
      "a.toml:1:1: ", "a.toml:2:11: ", "a.toml:4:10: ", "a.toml:7:8: ", "a.toml:11:10: "};
  for (std::size_t i = 0; i < 5; ++i) CHECK_THAT(problems[i], Catch::StartsWith(places[i]));
}

TEST_CASE("zipped axes must have equal lengths") {
  CHECK(problems_of(with_optimizer("learning_rate = { each = [0.1, 0.2], zip = \"a\" }, beta1 = { "
                                   "each = [0.1], zip = \"a\" }")) ==
        Lines{"a.toml:7:90: \"m\": the axes zipped as \"a\" must have equal lengths, but "
              "optimizer.learning_rate has 2 values and optimizer.beta1 has 1"});
}

TEST_CASE("an axis must list values, each once, and has no other keys") {
  CHECK(problems_of(with_model("scale = { each = [] }")) ==
        Lines{"a.toml:3:18: model \"gaussian\": scale: each must list at least one value, got []"});
  CHECK(problems_of(with_model("scale = { each = 2 }")) ==
        Lines{"a.toml:3:18: model \"gaussian\": scale: each must be a list, got the integer 2"});
  CHECK(problems_of(with_model("scale = { each = [1, 1.0] }")) ==
        Lines{"a.toml:3:22: model \"gaussian\": scale: the axis has the value 1.0 twice"});
  CHECK(problems_of(with_model("scale = { each = [1], zap = \"a\" }")) ==
        Lines{"a.toml:3:23: model \"gaussian\": scale: an axis of the grid has no key \"zap\"; did "
              "you mean \"zip\"?"});
  CHECK(problems_of(with_model("scale = { ablate = [1] }")) ==
        Lines{"a.toml:3:9: model \"gaussian\": scale: ablate needs base = ..., the value for all "
              "other cells"});
  CHECK(problems_of(with_model("scale = { eahc = [1] }")) ==
        Lines{"a.toml:3:9: model \"gaussian\": scale must be a number, got a table with the key "
              "\"eahc\"; did you mean \"each\"?"});
}

TEST_CASE("every value of an axis is checked at its own place") {
  CHECK(
      problems_of(with_model("dimension = { each = [1, 0, 2.5] }")) ==
      Lines{"a.toml:3:26: model \"gaussian\": dimension must be at least 1 and at most 1000, got 0",
            "a.toml:3:29: model \"gaussian\": dimension must be an integer, got the number 2.5"});
}

TEST_CASE("missing data are reported where they are named") {
  CHECK(problems_of("[[model]]\nplugin = \"regression\"\nfile = \"x.csv\"\n[[method]]\nname = "
                    "\"m\"\nsampler = \"hmc\"\n") ==
        Lines{"a.toml:3:8: model \"regression\": file: \"x.csv\" was not found"});
}

TEST_CASE("an inline table of a data file takes file, sha256, url and dataset only") {
  const auto file = [](const std::string& value) {
    return problems_of("[[model]]\nplugin = \"regression\"\nfile = " + value +
                       "\n[[method]]\nname = \"m\"\nsampler = \"hmc\"\n");
  };
  CHECK(file("{ file = \"data.csv\", url = \"https://example.org\" }").empty());
  CHECK(file("{ file = \"data.csv\", shq256 = \"0\" }") ==
        Lines{"a.toml:3:29: model \"regression\": file has no key \"shq256\"; did you mean "
              "\"sha256\"?"});
  CHECK(file("{ file = \"data.csv\", sha256 = \"0\" }") ==
        Lines{"a.toml:3:38: model \"regression\": file.sha256 must be 64 hexadecimal digits, got "
              "\"0\""});
}

TEST_CASE("an override that goes nowhere names the nearest place") {
  CHECK(problems_of(complete, {"sede=1"}) ==
        Lines{"--set sede=1: an experiment has no \"sede\" that could be set; did you mean "
              "\"seed\"?"});
  CHECK(problems_of(complete, {"method.n.chains=1"}) ==
        Lines{"--set method.n.chains=1: there is no method \"n\"; there are method.m"});
  CHECK(problems_of(complete, {"method.m.chians=1"}) ==
        Lines{"--set method.m.chians=1: method \"m\": there is no key \"chians\"; did you mean "
              "\"chains\"?"});
  CHECK(problems_of(complete, {"model.gaussian.dimension=0"}) ==
        Lines{"--set model.gaussian.dimension=0: model \"gaussian\": dimension must be at least 1 "
              "and at most 1000, got 0"});
  CHECK(problems_of(complete, {"seed"}) ==
        Lines{"--set seed: expected path=value, for example method.NAME.stop.iterations=100"});
}

TEST_CASE("names that an override must quote are suggested with their quotation marks") {
  const std::string two = complete + "[[method]]\nname = \"m.2 x\"\nsampler = \"hmc\"\n";
  CHECK(problems_of(two, {"method.\"m.2 y\".chains=1"}) ==
        Lines{"--set method.\"m.2 y\".chains=1: there is no method \"m.2 y\"; did you mean "
              "method.\"m.2 x\"?"});
  CHECK(problems_of(two, {"method.\"m.2 x\".chains=1", "method.'m.2 x'.draws=5"}).empty());
}

TEST_CASE("a number that does not fit is said not to fit") {
  CHECK(problems_of(complete, {"repeats=99999999999999999999"}) ==
        Lines{"--set repeats=99999999999999999999: the number 99999999999999999999 does not fit: "
              "an integer is at most 9223372036854775807, a number with a fraction or exponent at "
              "most 1.797e308"});
  CHECK_THAT(problems_of("seed = 99999999999999999999\n" + complete).at(0),
             Catch::Contains("not representable in 64 bits"));
}

TEST_CASE("an override needs a value, and shows what would break the line escaped") {
  CHECK(problems_of(complete, {"seed="}) ==
        Lines{"--set seed=: there is no value behind the equals sign"});
  CHECK(problems_of(complete, {"seed=\"a\\nb\""}) ==
        Lines{"--set seed=\"a\\nb\": seed must be an integer, got the text \"a\\nb\""});
}

TEST_CASE("a plugin's keys that are no options are not listed among its options") {
  CHECK(problems_of(with_optimizer("qqqqqqqq = 1")).at(0).find("plugin") == std::string::npos);
  CHECK_THAT(problems_of(with_model("name = \"x\"\nqqqqqqqq = 1")).at(0),
             Catch::Contains("has no option \"qqqqqqqq\"; there are dimension, mean, covariance, "
                             "scale"));
}

TEST_CASE("keys without which nothing can be read are found under their misspelt names") {
  CHECK(problems_of("[[model]]\nplugn = \"gaussian\"\n[[method]]\nnmae = \"m\"\n") ==
        Lines{"a.toml:1:1: model: plugin = \"...\" is needed; did you mean that by \"plugn\"?",
              "a.toml:3:1: method: name = \"...\" is needed; did you mean that by \"nmae\"?"});
  CHECK_THAT(problems_of(with_method("sampler = { plugn = \"hmc\" }")).at(0),
             Catch::Contains("there is no key \"plugin\"; did you mean that by \"plugn\"?"));
}

TEST_CASE("a stop that stands outside its table is told where it belongs") {
  CHECK(problems_of(with_method("estimator = \"laplace\"\niterations = 5")) ==
        Lines{"a.toml:6:1: method \"m\": there is no key \"iterations\"; did you mean "
              "stop.iterations?"});
}

TEST_CASE("a word without quotation marks is told to need them") {
  CHECK_THAT(problems_of("[[model]]\nplugin = gaussian\n").at(0),
             Catch::StartsWith("a.toml:2:10: ") && Catch::Contains("in quotation marks"));
}

TEST_CASE("a grid's selection of the wrong form is the only thing reported") {
  CHECK(problems_of(complete + "[[grid]]\nmethods = \"m\"\n") ==
        Lines{"a.toml:8:11: grid: methods must be a list of names, got the text \"m\""});
  CHECK(problems_of(complete + "[[grid]]\nmodel = [\"gaussian\"]\n") ==
        Lines{"a.toml:8:9: grid: model must be a table with the name of a model in it, got a "
              "list; a list of names is models = [...]"});
}

TEST_CASE("conditions of an exclude must be about something in the experiment") {
  CHECK(problems_of(complete + "[[exclude]]\nmethod = \"n\"\n") ==
        Lines{"a.toml:8:10: exclude: there is no method \"n\" here; there are m"});
  CHECK(problems_of(complete + "[[exclude]]\nmodel.dimnsion = 2\n") ==
        Lines{"a.toml:8:7: exclude: no model here has \"dimnsion\"; did you mean \"dimension\"?"});
  CHECK(problems_of(complete + "[[exclude]]\nreplicate = 1\n") ==
        Lines{"a.toml:8:13: exclude: replicate must be an integer from 0 to 0, got the integer 1"});
  CHECK(problems_of(complete + "[[exclude]]\n") ==
        Lines{"a.toml:7:1: exclude: needs at least one condition (model, method or replicate)"});
}

TEST_CASE("a grid must name models and methods that there are, and leave none out") {
  CHECK(problems_of(complete + "[[grid]]\nmodels = [\"gausian\"]\n") ==
        Lines{"a.toml:1:1: the model \"gaussian\" is in no [[grid]]; add it to one or remove it",
              "a.toml:8:11: grid: there is no model \"gausian\"; did you mean \"gaussian\"?"});
  CHECK(problems_of(complete + "[[grid]]\nmethod.m.chanis = 3\n") ==
        Lines{"a.toml:8:10: method \"m\": there is no key \"chanis\"; did you mean \"chains\"?"});
}

TEST_CASE("sections written with the wrong brackets are explained") {
  CHECK(problems_of(
            "[model]\nplugin = \"gaussian\"\n[[method]]\nname = \"m\"\nsampler = \"hmc\"\n") ==
        Lines{"a.toml:1:1: must be written [[model]], got a table"});
}
