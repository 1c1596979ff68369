// The conformance suites on plugins that have one fault each: the right check fails, and no other
// one does that the fault does not touch.

#include <sys/wait.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

namespace {

using Json = nlohmann::json;

struct Run {
  int status;
  std::string output;
};

Run run(const std::string& command) {
  FILE* pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe);
  Run result{0, ""};
  std::array<char, 4096> buffer;
  for (std::size_t n; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
    result.output.append(buffer.data(), n);
  const int status = ::pclose(pipe);
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return result;
}

/// Sentences of the checks that fail, with their figures.
std::map<std::string, std::string> failures(const std::string& plugin,
                                            const std::string& folder = ELBOW_WRONG_PLUGINS,
                                            const std::string& arguments = "") {
  const Run checked = run(std::string(ELBOW_PROGRAM) + " check " + plugin + " --plugins " + folder +
                          " --format json" + arguments);
  const Json report = Json::parse(checked.output);
  std::map<std::string, std::string> failed;
  for (const Json& check : report.at("checks"))
    if (check.at("verdict") == "failed") failed[check.at("check")] = check.at("detail");
  CHECK(checked.status == (failed.empty() ? 0 : 1));
  return failed;
}

std::set<std::string> names(const std::map<std::string, std::string>& failed) {
  std::set<std::string> all;
  for (const auto& [name, detail] : failed) all.insert(name);
  return all;
}

using Names = std::set<std::string>;

}  // namespace

TEST_CASE("A gradient that is off by one percent in coordinate 3 is found there") {
  const auto failed = failures("model/wrong_gradient");
  REQUIRE(names(failed) == Names{"the gradient agrees with central differences"});
  CHECK(failed.begin()->second.find("coordinate 3 ") != std::string::npos);
}

TEST_CASE("A density that changes from call to call is not repeatable") {
  CHECK(names(failures("model/changing_density")) == Names{"repeating gives the same bits"});
}

TEST_CASE("Abilities that are declared falsely are found both ways") {
  CHECK(names(failures("model/false_abilities")) ==
        Names{"declared and returned agree: simulator", "declared and returned agree: reference"});
}

TEST_CASE("Moments off by a tenth and evidence off by 0.05 nats are found") {
  CHECK(names(failures("model/wrong_reference")) ==
        Names{"moments agree with the exact sampler",
              "the log evidence agrees with importance sampling"});
}

TEST_CASE("A crash is a failed check that names the signal") {
  const auto failed = failures("model/crashing_gradient");
  REQUIRE(failed.count("the gradient is finite where the log density is"));
  CHECK(failed.at("the gradient is finite where the log density is").find("signal 6") !=
        std::string::npos);
}

TEST_CASE("A finite density at NaN is found") {
  CHECK(names(failures("model/finite_at_nan")) == Names{"a NaN coordinate gives NaN or -inf"});
}

TEST_CASE("A NaN within the support that becomes -inf is found") {
  CHECK(names(failures("model/hidden_nan")) == Names{"near 0 no NaN is hidden behind -inf"});
}

TEST_CASE("A pull-back that overwrites is found") {
  CHECK(names(failures("family/overwriting_pullback")) ==
        Names{"sample's pull-back adds to the gradient and does not overwrite it"});
}

TEST_CASE("A density that does not integrate to one is found") {
  CHECK(names(failures("family/unnormalised_density")) ==
        Names{"log q is a normalised density of the draws"});
}

TEST_CASE("An entropy without its constant is found") {
  CHECK(names(failures("family/wrong_entropy")) ==
        Names{"the closed entropy agrees with Monte Carlo"});
}

TEST_CASE("A step that allocates is found") {
#ifdef __SANITIZE_ADDRESS__
  WARN("TEST SKIPPED: a sanitizer owns malloc, so that allocations are not counted");
  return;
#endif
  CHECK(names(failures("estimator/allocating_step")) == Names{"a step does not allocate"});
}

TEST_CASE("A step that never comes back fails each check that takes one, by name") {
  const auto failed = failures("estimator/endless_step", ELBOW_WRONG_PLUGINS, " --deadline 2");
  REQUIRE(failed.count("a step writes its whole trace"));
  for (const auto& [name, detail] : failed) {
    INFO(name);
    CHECK(detail.find("not done after 2 seconds") == 0);
  }
}

TEST_CASE("A gradient that is biased and declared unbiased is found") {
  CHECK(names(failures("estimator/biased_gradient")) ==
        Names{"the gradient's mean is the objective's gradient"});
}

TEST_CASE("An option that is declared and never read is named") {
  const auto failed = failures("optimizer/unread_option");
  REQUIRE(names(failed) == Names{"every declared option is read"});
  CHECK(failed.begin()->second.find("never asked for: momentum") != std::string::npos);
}

TEST_CASE("A state that lacks the velocity is found after the first step") {
  const auto failed = failures("optimizer/forgotten_velocity");
  REQUIRE(names(failed) == Names{"from a state saved and restored it goes on with the same bits"});
  CHECK(failed.begin()->second == "saved after 1 steps, they differ in step 1");
}

TEST_CASE("Chains that share random numbers are found") {
  const Names failed = names(failures("sampler/coupled_chains"));
  CHECK(failed.count("chains do not depend on how they are grouped"));
  CHECK_FALSE(failed.count("streams determine everything"));
}

TEST_CASE("A sampler of a power of its target is found by its moments") {
  CHECK(
      names(failures("sampler/biased_sampler")) ==
      Names{"moments of a correlated Gaussian are right", "moments of a skewed target are right"});
}

TEST_CASE("A sampler that accepts a density of NaN is found") {
  CHECK(names(failures("sampler/accepts_nan")) == Names{"no chain accepts a density of NaN"});
}

TEST_CASE("A plugin is checked by the path of its library") {
  CHECK(failures(std::string(ELBOW_TEST_PLUGINS) + "/families/bernoulli.so", ELBOW_TEST_PLUGINS)
            .empty());
}

TEST_CASE("A plugin that does not exist is an error of the call") {
  const Run missing = run(std::string(ELBOW_PROGRAM) + " check model/no_such_model 2>&1");
  CHECK(missing.status == 2);
  CHECK(missing.output.find("no_such_model") != std::string::npos);
}

TEST_CASE("An option out of its bounds is an error of the call") {
  const Run wrong = run(std::string(ELBOW_PROGRAM) + " check optimizer/unread_option --plugins " +
                        ELBOW_WRONG_PLUGINS + " --set learning_rate=-1 2>&1");
  CHECK(wrong.status == 2);
  CHECK(wrong.output.find("learning_rate must be") != std::string::npos);
}

TEST_CASE("Options that belong to a choice which is not set are no fault") {
  const auto vae = [](const std::string& chosen) {
    return failures("model/vae", ELBOW_TEST_PLUGINS,
                    " --set hidden=[6] --set latents=3 --set second_latents=2 " + chosen);
  };
  CHECK(names(vae("--set 'layers=\"two\"'")) == Names{});
  CHECK(names(vae("--set 'pixels=\"gaussian\"' --set 'binarization=\"none\"'")) == Names{});
}

TEST_CASE("A family is checked in dimensions that its options leave room in") {
  for (const int second : {1, 4})
    CHECK(names(failures("family/amortized_gaussian", ELBOW_TEST_PLUGINS,
                         " --set hidden=[6] --set 'layers=\"two\"' --set second_dimension=" +
                             std::to_string(second))) == Names{});
}
