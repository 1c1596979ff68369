// Long fits that are interrupted go on from their snapshots with the bits that they would have had.

#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

#include "program.hpp"
#include "record/cell_summary.hpp"
#include "record/snapshot.hpp"

using namespace elbow;
using namespace elbow::test;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace resuming_tests {

namespace {

/// Every optimizer, momentum, averages, lowered step sizes, minibatches, estimators with a state.
const std::string every_state = R"(
seed = 11
[limits]
snapshot_seconds = 0.02
[evaluation]
draws = 1000
checkpoint_draws = 100
gradient_draws = 0
checkpoint_gradient_draws = 0
kernel_draws = 0
[[model]]
plugin = "linear_regression"
[[method]]
name = "optimizers"
family = "gaussian_mean_field"
estimator = "reparameterized"
optimizer = { each = ["adam", "adagrad", "rmsprop", "dowg", "stan_advi", { plugin = "sgd", learning_rate = 1e-5 }] }
stop = { iterations = 12000 }
batch_size = 16
[[method]]
name = "suffix"
family = "gaussian_full_rank"
estimator = { plugin = "score_function", baseline = "running_mean" }
optimizer = { plugin = "adam", averaging = "suffix", schedule = "linear" }
stop = { iterations = 12000 }
[[method]]
name = "stationary"
family = "gaussian_full_rank"
estimator = "reparameterized"
optimizer = "adam"
stop = { stationary = 1e-4, iterations = 15000 }
[[method]]
name = "particles"
estimator = { plugin = "svgd", particles = 20 }
stop = { iterations = 2000 }
[[method]]
name = "then nuts"
family = "gaussian_mean_field"
estimator = "reparameterized"
optimizer = "adam"
stop = { iterations = 10000 }
sampler = "nuts"
chains = 2
warmup = 100
draws = 100
)";

const std::string long_fit = R"(
[limits]
snapshot_seconds = 0.05
[[model]]
plugin = "gaussian"
[[method]]
name = "long"
family = "gaussian_full_rank"
estimator = "reparameterized"
optimizer = "adam"
stop = { iterations = 200000 }
)";

std::vector<fs::path> snapshots(const fs::path& results) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::recursive_directory_iterator file(results / "cells", error), end; !error && file != end;
       file.increment(error))
    if (file->path().extension() == ".snapshot") files.push_back(file->path());
  return files;
}

void wait_for_snapshot(const fs::path& results) {
  for (int i = 0; i < 12000; ++i) {
    if (!snapshots(results).empty()) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  FAIL("there was never a snapshot in " << results);
}

}  // namespace

TEST_CASE("fits that are killed with -9 time and again end with the bits of those left alone") {
  const Workplace place;
  place.write("a.toml", every_state);
  REQUIRE(elbow::test::elbow(place.folder(), {"run", "a.toml", "-j", "2", "--results", "calm"})
              .status == 0);
  CHECK(snapshots(place / "calm/a").empty());
  const fs::path results = place / "results/a";
  for (int kills = 0; kills < 20; ++kills) {
    Program program(place.folder(), {"run", "a.toml", "-j", "2"});
    std::this_thread::sleep_for(std::chrono::milliseconds(300 + 37 * (kills % 7)));
    program.signal(SIGKILL);
    program.wait();
    require_complete_files(results);
  }
  const Ended last = elbow::test::elbow(place.folder(), {"run", "a.toml", "-j", "2"});
  INFO(last.output);
  REQUIRE(last.status == 0);
  require_same_results(place / "calm/a", results);
  CHECK(snapshots(results).empty());
  CHECK(leftovers(results).empty());
}

TEST_CASE("after Ctrl-C a run says from which iteration each fit goes on") {
  const Workplace place;
  place.write("a.toml", long_fit);
  const fs::path results = place / "results/a";
  Program program(place.folder(), {"run", "a.toml"});
  wait_for_snapshot(results);
  program.signal(SIGINT);
  CHECK(program.wait().status == 128 + SIGINT);
  CHECK(cell_files(results).empty());
  REQUIRE(snapshots(results).size() == 1);
  const auto iteration = SnapshotReader(snapshots(results)[0]).header().iteration;
  CHECK(iteration > 0);

  // Neither a table nor the index takes a snapshot for a cell.
  const Ended indexed = elbow::test::elbow(place.folder(), {"index", "results/a"});
  INFO(indexed.output);
  CHECK(indexed.status == 0);
  CHECK(read_index(results).empty());

  const Ended second = elbow::test::elbow(place.folder(), {"run", "a.toml"});
  CHECK(second.status == 0);
  CHECK_THAT(second.output,
             Contains("gaussian/long/0 goes on from iteration " + std::to_string(iteration)));
  CHECK(snapshots(results).empty());
  // What it ends with is what running it in one go gives.
  const Ended verified = elbow::test::elbow(place.folder(), {"verify", "results/a"});
  INFO(verified.output);
  CHECK(verified.status == 0);
}

TEST_CASE("snapshots of another build, of another cell and damaged ones are named and not used") {
  const Workplace place;
  place.write("a.toml", "[limits]\nsnapshot_seconds = 0\n" + long_fit.substr(long_fit.find("[[")));
  const auto run = [&](const char* folder) {
    return elbow::test::elbow(
        place.folder(),
        {"run", "a.toml", "--set", "method.long.stop.iterations=100", "--results", folder});
  };
  REQUIRE(run("calm").status == 0);
  const fs::path cell = cell_files(place / "calm/a").at(0);
  const std::string hash = cell.stem().string();
  const fs::path file = place / ("results/a/cells/" + hash.substr(0, 2) + "/" + hash + ".snapshot");
  const auto starts_anew = [&](const std::string& reason) {
    const Ended ended = run("results");
    CHECK(ended.status == 0);
    CHECK_THAT(ended.output, Contains("gaussian/long/0 starts anew: results/a/cells/" +
                                      hash.substr(0, 2) + "/" + hash + ".snapshot: " + reason));
    require_same_results(place / "calm/a", place / "results/a");
    CHECK(snapshots(place / "results/a").empty());
    fs::remove_all(place / "results/a");
    fs::create_directories(file.parent_path());
  };
  fs::create_directories(file.parent_path());
  SnapshotWriter(file, {hash, "another", 50}).publish();
  starts_anew("was left by another build of the program or a plugin");
  SnapshotWriter(file, {"0123", "another", 50}).publish();
  starts_anew("is of the cell 0123");
  std::ofstream(file) << "elbsnap1 and no more";
  starts_anew("is no whole snapshot");
}

}  // namespace resuming_tests
