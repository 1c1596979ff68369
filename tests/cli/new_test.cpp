#include <catch2/catch.hpp>
#include <fstream>

#include "support/program.hpp"
#include "support/scratch_folder.hpp"

using Catch::Contains;
using elbow::test::ProgramRun;
using elbow::test::run_program;

namespace {

std::string refusal(const std::string& arguments) {
  const ScratchFolder folder;
  const ProgramRun run =
      run_program("new " + arguments + " --folder " + (folder / "made").string());
  CHECK(run.status == 2);
  CHECK(!std::filesystem::exists(folder / "made"));
  return run.err;
}

std::string source(const std::string& kind, const std::string& name) {
  const ScratchFolder folder;
  CHECK(run_program("new " + kind + " " + name + " --folder " + folder.path().string()).status ==
        0);
  std::ifstream stream(folder / (name + ".cpp"));
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

}  // namespace

TEST_CASE("new refuses names that cannot be a plugin's, each in one line that says why") {
  CHECK_THAT(refusal("model ''"), Contains("expected a name for the plugin, got an empty one"));
  CHECK_THAT(refusal("model class"), Contains("no word of C++ itself, got \"class\""));
  CHECK_THAT(refusal("model \"$(printf 'a\\nb\\033[1m')\""), Contains("got \"a\\nb\\x1b[1m\""));
  CHECK_THAT(refusal("model My-Model"), Contains("lower-case letters, digits and _"));
  CHECK_THAT(refusal("model " + std::string(300, 'a')), Contains("at most 64 characters, got 300"));
  CHECK_THAT(refusal("modl thing"), Contains("did you mean \"model\"?"));
}

TEST_CASE("new says what stands in the way of a folder") {
  CHECK_THAT(run_program("new model thing --folder /dev/null/x").err,
             Contains("/dev/null/x: cannot be made: Not a directory"));
  CHECK_THAT(run_program("new model thing --folder " + std::string(300, 'a')).err,
             Contains("cannot be made: File name too long"));
}

TEST_CASE("new calls no class as the SDK calls one of its own") {
  CHECK_THAT(source("model", "gaussian"), Contains("class GaussianModel final"));
  CHECK_THAT(source("model", "model"), Contains("class ModelModel final"));
  CHECK_THAT(source("model", "my_model"), Contains("class MyModel final"));
  CHECK_THAT(source("estimator", "gradient"), Contains("class MyGradientEstimator final"));
}
