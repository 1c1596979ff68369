#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "program.hpp"

using namespace elbow;
using namespace elbow::test;
namespace fs = std::filesystem;

namespace {

enum class Victim { host, worker, both };

/// Starts the run, and kills after the time given.
void disturb(const Workplace& place, Victim victim, std::chrono::microseconds moment,
             std::mt19937& random) {
  Program program(place.folder(), {"run", "a.toml", "-j", "2"});
  std::this_thread::sleep_for(moment);
  const auto workers = program.workers();
  if (victim != Victim::worker) program.signal(SIGKILL);
  if (victim != Victim::host && !workers.empty()) kill(workers[random() % workers.size()], SIGKILL);
  program.wait();
}

}  // namespace

TEST_CASE("kill -9 of host, worker or both at any of 50 moments leaves complete cells or none") {
  const Workplace place;
  const std::size_t cells = 24;
  place.write("a.toml", experiment(int(cells), "pause = 0.2"));
  REQUIRE(elbow::test::elbow(place.folder(), {"run", "a.toml", "-j", "2", "--results", "calm"})
              .status == 0);
  const fs::path results = place / "results/a";
  std::mt19937 random(20261120);
  for (int moment = 0; moment < 50; ++moment) {
    disturb(place, Victim(moment % 3), std::chrono::microseconds(random() % 250'000), random);
    require_complete_files(results);
    if (exists(results / "plan.json"))
      REQUIRE(nlohmann::json::accept(std::ifstream(results / "plan.json")));
    if (cell_files(results).size() < cells && moment % 5 != 4) continue;
    // A resume completes, clears away what was left, and gives what an undisturbed run gave.
    REQUIRE(elbow::test::elbow(place.folder(), {"run", "a.toml", "-j", "2"}).status == 0);
    CHECK(leftovers(results).empty());
    require_same_results(place / "calm/a", results);
    fs::remove_all(results);
  }
}
