#include <H5Cpp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <elbow/error.hpp>
#include <fstream>

#include "record/cell_summary.hpp"
#include "support/scratch_folder.hpp"

using namespace elbow;
using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;

namespace {

std::string hash_of(int cell) {
  const std::string digits = std::to_string(100 + cell);
  return digits.substr(1) + std::string(29, 'a') + digits[0];
}

std::filesystem::path path_of(const ScratchFolder& folder, int cell) {
  return folder / ("cells/" + hash_of(cell).substr(0, 2) + "/" + hash_of(cell) + ".h5");
}

/// Cell k has the metric elbo = -k; odd ones also k_hat = NaN.
void write_cell(const ScratchFolder& folder, int cell, double elbo) {
  CellWriter writer(path_of(folder, cell));
  writer.attribute("hash", hash_of(cell));
  writer.attribute("experiment", std::string("index"));
  writer.attribute("model", std::string("gaussian"));
  writer.attribute("method", std::string("mean-field"));
  writer.attribute("replicate", std::int64_t{cell});
  writer.attribute("configuration", R"({"seed":7,"model":{"axes":{"dimension":)" +
                                        std::to_string(cell) +
                                        R"(}},"method":{"axes":{"optimizer.name":"adam"}}})");
  writer.attribute("provenance", std::string(R"({"host":"here"})"));
  std::vector<Metric> metrics{{"elbo", elbo, 0.5, "", "evidence lower bound"}};
  if (cell % 2 == 1) metrics.push_back({"k_hat", std::nan(""), std::nan(""), "", ""});
  writer.metrics(metrics);
  writer.outcome({cell == 0 ? Ending::failed : Ending::converged, cell == 0 ? "no luck" : ""});
  writer.commit();
}

void check_cells(const std::vector<CellSummary>& cells) {
  REQUIRE(cells.size() == 5);
  for (int k = 0; k < 5; ++k) {
    const CellSummary& cell = cells[static_cast<std::size_t>(k)];
    CHECK(cell.hash == hash_of(k));
    CHECK(cell.replicate == k);
    CHECK(cell.configuration["model"]["axes"]["dimension"] == k);
    CHECK(cell.provenance["host"] == "here");
    CHECK(cell.outcome.ending == (k == 0 ? Ending::failed : Ending::converged));
    CHECK(cell.outcome.reason == (k == 0 ? "no luck" : ""));
    CHECK(cell.metrics.at("elbo").value == -k);
    CHECK(cell.metrics.at("elbo").mcse == 0.5);
    CHECK(cell.metrics.at("elbo").help == "evidence lower bound");
    CHECK(cell.metrics.count("k_hat") == static_cast<std::size_t>(k % 2));
    CHECK(cell.path == "cells/" + hash_of(k).substr(0, 2) + "/" + hash_of(k) + ".h5");
  }
}

}  // namespace

TEST_CASE("The index says the same as the cells, when it is made and when it is read") {
  const ScratchFolder folder;
  for (int k = 0; k < 5; ++k) write_cell(folder, k, -k);
  check_cells(read_index(folder.path()));
  REQUIRE(std::filesystem::exists(folder / "index.h5"));
  check_cells(read_index(folder.path()));
  std::vector<std::string> unreadable{"old"};
  check_cells(rebuild_index(folder.path(), unreadable));
  CHECK(unreadable.empty());
}

TEST_CASE("A cell that came, changed or went shows in the next reading of the index") {
  const ScratchFolder folder;
  for (int k = 0; k < 4; ++k) write_cell(folder, k, -k);
  REQUIRE(read_index(folder.path()).size() == 4);
  write_cell(folder, 4, -4);
  check_cells(read_index(folder.path()));
  write_cell(folder, 3, 33);
  CHECK(read_index(folder.path())[3].metrics.at("elbo").value == 33);
  std::filesystem::remove(path_of(folder, 3));
  CHECK(read_index(folder.path()).size() == 4);
}

TEST_CASE("Files that are no cells are named and do not stop the others") {
  const ScratchFolder folder;
  for (int k = 0; k < 6; ++k) write_cell(folder, k, -k);
  std::ofstream(folder / "cells/00/notes.h5") << "not HDF5";
  std::ofstream(folder / "cells/00/.hidden.h5.tmp-1") << "half a cell";
  std::ofstream(folder / "cells/readme.txt") << "foreign";
  std::filesystem::create_directories(folder / "cells/00/folder.h5");
  H5::H5File((folder / "cells/01/foreign.h5").string(), H5F_ACC_TRUNC);
  std::filesystem::copy(path_of(folder, 1), folder / "cells/02/copied.h5");
  std::filesystem::resize_file(path_of(folder, 5),
                               std::filesystem::file_size(path_of(folder, 5)) / 2);
  std::vector<std::string> unreadable;
  check_cells(rebuild_index(folder.path(), unreadable));
  REQUIRE(unreadable.size() == 4);
  CHECK_THAT(unreadable[0], Contains("cells/00/notes.h5: expected a complete cell file"));
  CHECK_THAT(unreadable[1], Contains("cells/01/foreign.h5") && Contains("\"hash\" is missing"));
  CHECK_THAT(unreadable[2], Contains("cells/02/copied.h5") && EndsWith(hash_of(1)));
  CHECK_THAT(unreadable[3], Contains(hash_of(5)));
  check_cells(read_index(folder.path()));
}

TEST_CASE("Every truncated cell file is refused by name") {
  const ScratchFolder folder;
  write_cell(folder, 1, 1);
  const auto whole = std::filesystem::file_size(path_of(folder, 1));
  for (std::uintmax_t size = 0; size < whole; size += whole / 23) {
    const auto cut = folder / "cut.h5";
    std::filesystem::copy(path_of(folder, 1), cut,
                          std::filesystem::copy_options::overwrite_existing);
    std::filesystem::resize_file(cut, size);
    CHECK_THROWS_WITH(read_summary(cut), Contains("cut.h5: expected a complete cell file"));
  }
}

TEST_CASE("A damaged index is made anew") {
  const ScratchFolder folder;
  for (int k = 0; k < 5; ++k) write_cell(folder, k, -k);
  read_index(folder.path());
  const auto size = std::filesystem::file_size(folder / "index.h5");
  SECTION("truncated") { std::filesystem::resize_file(folder / "index.h5", size / 2); }
  SECTION("text") { std::ofstream(folder / "index.h5") << "not HDF5"; }
  SECTION("another file") {
    std::filesystem::copy(path_of(folder, 2), folder / "index.h5",
                          std::filesystem::copy_options::overwrite_existing);
  }
  check_cells(read_index(folder.path()));
  CHECK(std::filesystem::file_size(folder / "index.h5") == size);
}

TEST_CASE("An index that cannot be stored does not keep the results from being read") {
  const ScratchFolder folder;
  for (int k = 0; k < 5; ++k) write_cell(folder, k, -k);
  std::filesystem::create_directory(folder / "index.h5");  // in the way, for root too
  check_cells(read_index(folder.path()));
  std::vector<std::string> unreadable;
  CHECK_THROWS_AS(rebuild_index(folder.path(), unreadable), RecordError);
}

TEST_CASE("A folder without cells has none, and a missing one is named") {
  const ScratchFolder folder;
  CHECK(read_index(folder.path()).empty());
  CHECK(read_index(folder.path()).empty());
  CHECK_THROWS_WITH(read_index(folder / "none"), Contains("none: expected a folder of results"));
}

namespace {

void write_plan(const ScratchFolder& folder, std::vector<int> cells) {
  std::ofstream plan(folder / "plan.json");
  plan << R"({"title": "hash", "models": [{"name": "m", "options": {"hash": "x"}}], "cells": [)";
  const char* separator = "";
  for (int cell : cells) {
    plan << separator << R"({"hash":")" << hash_of(cell) << R"(","model":0})";
    separator = ",";
  }
  plan << R"(], "impossible": []})";
}

std::string marks(const std::vector<CellSummary>& cells) {
  std::string marks;
  for (const CellSummary& cell : cells) marks += cell.planned ? '1' : '0';
  return marks;
}

}  // namespace

TEST_CASE("The index marks the cells that the last plan has") {
  const ScratchFolder folder;
  for (int k = 0; k < 5; ++k) write_cell(folder, k, -k);
  CHECK(marks(read_index(folder.path())) == "11111");
  write_plan(folder, {0, 1, 3, 7});
  CHECK(marks(read_index(folder.path())) == "11010");
  write_plan(folder, {4});
  std::vector<std::string> unreadable;
  CHECK(marks(rebuild_index(folder.path(), unreadable)) == "00001");
  std::ofstream(folder / "plan.json") << "{ \"cells\": [";
  CHECK(marks(read_index(folder.path())) == "11111");
}

TEST_CASE("The marks in index.h5 follow the plan, with the cells as they were") {
  const ScratchFolder folder;
  for (int k = 0; k < 5; ++k) write_cell(folder, k, -k);
  const auto stored = [&] {
    const H5::H5File file((folder / "index.h5").string(), H5F_ACC_RDONLY);
    std::vector<std::int8_t> values(5);
    file.openDataSet("cells/planned").read(values.data(), H5::PredType::NATIVE_INT8);
    return values;
  };
  for (const std::vector<int>& plan : {std::vector<int>{0, 2}, {0, 1, 2, 3, 4}, {}}) {
    write_plan(folder, plan);
    check_cells(read_index(folder.path()));
    std::vector<std::int8_t> expected(5, 0);
    for (int cell : plan) expected[std::size_t(cell)] = 1;
    CHECK(stored() == expected);
  }
}
