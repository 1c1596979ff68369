/// What does planning cost, from the text of an experiment to its cells, and is it linear? Two
/// shapes: many replicates of a few hundred variants, and as many variants of a method as cells.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "config/read_experiment.hpp"
#include "plan/make_plan.hpp"
#include "unit/config/example_catalog.hpp"

namespace {

using namespace elbow;

std::string values(int n) {
  std::string text;
  for (int i = 1; i <= n; ++i) text += std::to_string(i) + ",";
  return "{ each = [" + text + "] }";
}

std::string experiment(int dimensions, int draws, int rates, int repeats) {
  return "repeats = " + std::to_string(repeats) +
         "\n[[model]]\nplugin = \"gaussian\"\ndimension = " + values(dimensions) +
         "\n[[method]]\nname = \"fit\"\nfamily = \"flow\"\nestimator = { plugin = \"score\", draws "
         "= " +
         values(draws) + " }\noptimizer = { plugin = \"adam\", learning_rate = " + values(rates) +
         " }\n";
}

/// Plans in a child process, so that the peak of the resident memory is that of this plan.
void measure(const char* shape, const std::string& text) {
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    const Catalog catalog = example_catalog();
    const DataFinder no_data = [](const DataRequest&) -> DataFile { throw Error("no data"); };
    const auto start = std::chrono::steady_clock::now();
    const Plan plan = make_plan(read_experiment("bench.toml", text, {}, catalog, no_data), catalog);
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    const double cpu_seconds = double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                               1e-6 * double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    std::printf("%-34s %9zu %9zu %9.3f %9.3f %9.2f %9.0f\n", shape, plan.cells.size(),
                plan.models.size() + plan.methods.size(), seconds, cpu_seconds,
                1e6 * seconds / double(plan.cells.size()), double(usage.ru_maxrss) / 1024);
    std::fflush(stdout);
    _exit(0);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || status != 0) std::exit(1);
}

}  // namespace

int main() {
  std::printf("%-34s %9s %9s %9s %9s %9s %9s\n", "shape", "cells", "variants", "seconds", "CPU s",
              "us/cell", "peak MB");
  for (int repeats : {10, 100, 1000})
    measure("10 models x 100 methods x repeats", experiment(10, 10, 10, repeats));
  for (int rates : {100, 1000, 10000})
    measure("1 model x many methods x 1", experiment(1, 100, rates, 1));
  std::printf("Wanted: 100,000 cells under 2 s and 500 MB, and linear.\n");
}
