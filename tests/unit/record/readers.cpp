#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include "example_cell.hpp"
#include "record/cell_summary.hpp"
#include "support/scratch_folder.hpp"

using namespace elbow;

namespace {

const std::string python = "/usr/bin/python3", r = "Rscript";

std::string content(const std::filesystem::path& file) {
  std::ifstream stream(file);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

/// The fenced code blocks of one language in results/README.md.
std::vector<std::string> snippets(const std::string& language) {
  std::istringstream lines(content(ELBOW_SOURCE "/results/README.md"));
  std::vector<std::string> blocks;
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (inside && line == "```")
      inside = false;
    else if (inside)
      blocks.back() += line + "\n";
    else if (line == "```" + language) {
      inside = true;
      blocks.emplace_back();
    }
  }
  return blocks;
}

/// Runs a command in the folder; what it printed is in `output`. @return its exit status
int run(const ScratchFolder& folder, const std::string& command, std::string& output) {
  const std::string line = "cd '" + folder.path().string() + "' && " + command + " >out 2>&1";
  const int status = std::system(line.c_str());
  output = content(folder / "out");
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void write_cell(const ScratchFolder& folder) {
  CellWriter cell(folder / "cell.h5");
  write_example(cell);
  cell.commit();
}

/// The index of two cells, of which the plan has the second, and of a damaged file. Their seed and
/// the times of the files are beyond 2^31. And the index of a folder without cells.
void write_index(const ScratchFolder& folder) {
  for (const std::string hash :
       {"00000000000000000000000000000000", "11111111111111111111111111111111"}) {
    const bool second = hash[0] == '1';
    CellWriter cell(folder / ("cells/" + hash.substr(0, 2) + "/" + hash + ".h5"));
    const std::map<std::string, std::string> texts = {
        {"hash", hash},
        {"experiment", "example"},
        {"model", "gaussian"},
        {"method", "Größe"},
        {"configuration", std::string(R"({"seed":1099511627777,"model":{"axes":{"dimension":)") +
                              (second ? "20" : "2") + R"(}},"method":{"axes":{"name":"a"}}})"},
        {"provenance", "{}"}};
    for (const auto& [key, value] : texts) cell.attribute(key, value);
    cell.attribute("replicate", std::int64_t{0});
    cell.metrics({{"elbo", second ? -2. : -1., 0.5, "nats", ""}});
    cell.outcome({Ending::converged, ""});
    cell.commit();
  }
  std::ofstream(folder / "cells/00/damaged.h5") << "not HDF5";
  std::ofstream(folder / "plan.json")
      << R"({"cells":[{"hash":")" << std::string(32, '1') << R"("}]})";
  read_index(folder.path());
  std::filesystem::create_directories(folder / "empty/cells");
  read_index(folder / "empty");
}

/// Runs a script of the tests with a reader, which fails at a warning too.
void check_with(const std::string& command, const std::string& script,
                const ScratchFolder& folder) {
  std::string output;
  const int status =
      run(folder, command + " '" ELBOW_SOURCE "/tests/unit/record/" + script + "'", output);
  INFO(output);
  CHECK(status == 0);
}

/// Whether the program runs these words.
bool has(const std::string& program, const std::string& words) {
  const ScratchFolder folder;
  std::string output;
  return run(folder, program + " -e '" + words + "'", output) == 0;
}
bool has_python() {
  const ScratchFolder folder;
  std::string output;
  return run(folder, python + " -c 'import h5py, xarray, h5netcdf, netCDF4'", output) == 0;
}

}  // namespace

TEST_CASE("h5py, xarray with both engines and netCDF4 read what was written") {
  if (!has_python()) {
    WARN("TEST SKIPPED: no python3 with h5py, xarray, h5netcdf and netCDF4");
    return;
  }
  const ScratchFolder folder;
  write_cell(folder);
  check_with(python, "check_example.py", folder);
}

TEST_CASE("h5py and xarray read the index without a warning") {
  if (!has_python()) {
    WARN("TEST SKIPPED: no python3 with h5py, xarray, h5netcdf and netCDF4");
    return;
  }
  const ScratchFolder folder;
  write_index(folder);
  check_with(python + " -W error::UserWarning -W error::RuntimeWarning", "check_index.py", folder);
}

TEST_CASE("rhdf5 reads the index without a warning") {
  if (!has(r, "library(rhdf5)")) {
    WARN("TEST SKIPPED: no R with rhdf5");
    return;
  }
  const ScratchFolder folder;
  write_index(folder);
  check_with(r, "check_index.R", folder);
}

TEST_CASE("rhdf5 reads what was written") {
  if (!has(r, "library(rhdf5)")) {
    WARN("TEST SKIPPED: no R with rhdf5");
    return;
  }
  const ScratchFolder folder;
  write_cell(folder);
  check_with(r, "check_example.R", folder);
}

TEST_CASE("The Python snippets for reading results run") {
  if (!has_python()) {
    WARN("TEST SKIPPED: no python3 with h5py, xarray, h5netcdf and netCDF4");
    return;
  }
  const ScratchFolder folder;
  write_cell(folder);
  write_index(folder);
  const std::vector<std::string> blocks = snippets("python");
  REQUIRE(blocks.size() == 5);
  for (const std::string& block : blocks) {
    std::ofstream(folder / "snippet.py") << block;
    std::string output;
    const int status = run(folder, python + " snippet.py", output);
    INFO(block << output);
    CHECK(status == 0);
  }
}

TEST_CASE("The R snippets for reading results run") {
  if (!has(r, "library(rhdf5)")) {
    WARN("TEST SKIPPED: no R with rhdf5");
    return;
  }
  const ScratchFolder folder;
  write_cell(folder);
  write_index(folder);
  const std::vector<std::string> blocks = snippets("r");
  REQUIRE(blocks.size() == 2);
  for (const std::string& block : blocks) {
    std::ofstream(folder / "snippet.R") << "options(warn = 2)\n" << block;
    std::string output;
    const int status = run(folder, r + " snippet.R", output);
    INFO(block << output);
    CHECK(status == 0);
  }
}

TEST_CASE("ncdump reads the header of what was written") {
  const ScratchFolder folder;
  write_cell(folder);
  std::string output;
  if (run(folder, "command -v ncdump", output) != 0) {
    WARN("TEST SKIPPED: no ncdump");
    return;
  }
  CHECK(run(folder, "ncdump -h cell.h5", output) == 0);
  CHECK_THAT(output, Catch::Matchers::Contains("double x(chain, draw, x_dim_0, x_dim_1)"));
}
