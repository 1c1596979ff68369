#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "example_cell.hpp"
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
  std::string output;
  const int status =
      run(folder, python + " " ELBOW_SOURCE "/tests/unit/record/check_example.py", output);
  INFO(output);
  CHECK(status == 0);
}

TEST_CASE("rhdf5 reads what was written") {
  if (!has(r, "library(rhdf5)")) {
    WARN("TEST SKIPPED: no R with rhdf5");
    return;
  }
  const ScratchFolder folder;
  write_cell(folder);
  std::string output;
  const int status = run(folder, r + " " ELBOW_SOURCE "/tests/unit/record/check_example.R", output);
  INFO(output);
  CHECK(status == 0);
}

TEST_CASE("The Python snippets for reading results run") {
  if (!has_python()) {
    WARN("TEST SKIPPED: no python3 with h5py, xarray, h5netcdf and netCDF4");
    return;
  }
  const ScratchFolder folder;
  write_cell(folder);
  const std::vector<std::string> blocks = snippets("python");
  REQUIRE(blocks.size() == 2);
  for (const std::string& block : blocks) {
    std::ofstream(folder / "snippet.py") << block;
    std::string output;
    const int status = run(folder, python + " snippet.py", output);
    INFO(block << output);
    CHECK(status == 0);
  }
}

TEST_CASE("The R snippet for reading results runs") {
  if (!has(r, "library(rhdf5)")) {
    WARN("TEST SKIPPED: no R with rhdf5");
    return;
  }
  const ScratchFolder folder;
  write_cell(folder);
  const std::vector<std::string> blocks = snippets("r");
  REQUIRE(blocks.size() == 1);
  std::ofstream(folder / "snippet.R") << blocks[0];
  std::string output;
  const int status = run(folder, r + " snippet.R", output);
  INFO(blocks[0] << output);
  CHECK(status == 0);
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
