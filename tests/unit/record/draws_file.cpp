#include "record/draws_file.hpp"

#include <H5Cpp.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <elbow/error.hpp>
#include <fstream>

#include "support/scratch_folder.hpp"
#include "support/zip_writer.hpp"
#include "unit/record/example_cell.hpp"

using namespace elbow;
using Catch::Contains;

namespace {

void write_numbers(const H5::Group& group, const std::string& name, std::vector<hsize_t> shape,
                   const std::vector<double>& numbers) {
  group
      .createDataSet(name, H5::PredType::IEEE_F64LE, H5::DataSpace(int(shape.size()), shape.data()))
      .write(numbers.data(), H5::PredType::NATIVE_DOUBLE);
}

}  // namespace

TEST_CASE("the result of a cell is draws, in the variables' own order") {
  const ScratchFolder folder;
  {
    CellWriter cell(folder / "cell.h5");
    write_example(cell);
    cell.commit();
  }
  const NamedDraws draws = read_draws(folder / "cell.h5");
  REQUIRE(draws.chains.size() == 2);
  REQUIRE(draws.chains[0].rows() == 50);
  for (std::size_t j = 0; j < draws.names.size(); ++j) {
    const double value = draws.chains[1](7, Index(j));
    if (draws.names[j] == "x[2,1]") CHECK(value == 107.03);
    if (draws.names[j] == "x[1,3]") CHECK(value == 107.02);
    if (draws.names[j] == "theta[4]") CHECK(value == 107.03);
    if (draws.names[j] == "mu") CHECK(value == -107);
  }
  CHECK(draws.names.size() == 11);
}

TEST_CASE("flat datasets are draws, with or without an axis of chains") {
  const ScratchFolder folder;
  {
    const H5::H5File file((folder / "a.h5").string(), H5F_ACC_TRUNC);
    write_numbers(file, "mu", {4}, {1, 2, 3, 4});
    const H5::H5File other((folder / "b.h5").string(), H5F_ACC_TRUNC);
    write_numbers(other, "theta", {1, 4, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  }
  CHECK(read_draws(folder / "a.h5").chains.at(0) == Eigen::Vector4d(1, 2, 3, 4));
  const NamedDraws theta = read_draws(folder / "b.h5");
  CHECK(theta.names == std::vector<std::string>{"theta[1]", "theta[2]"});
  CHECK(theta.chains.at(0).col(1) == Eigen::Vector4d(2, 4, 6, 8));
}

TEST_CASE("JSON and CSV are known by their content, zipped or not") {
  const ScratchFolder folder;
  const std::string json = R"([{"mu": [1, 2, 3, 4]}])", csv = "mu\n1\n2\n3\n4\n";
  for (const auto& [name, content] : {std::pair<std::string, std::string>{"a.json", json},
                                      {"b.json.zip", test::zipped("b.json", json)},
                                      {"c.csv", csv},
                                      {"d.zip", test::zipped("d.csv", csv)}}) {
    std::ofstream(folder / name, std::ios::binary) << content;
    CHECK(read_draws(folder / name).chains.at(0) == Eigen::Vector4d(1, 2, 3, 4));
  }
}

TEST_CASE("files that hold no draws are refused with the file and what it has") {
  const ScratchFolder folder;
  const auto open = [&](const std::string& name) {
    return H5::H5File((folder / name).string(), H5F_ACC_TRUNC);
  };
  open("groups.h5").createGroup("metrics");
  CHECK_THROWS_WITH(read_draws(folder / "groups.h5"),
                    Contains("groups.h5: expected a group posterior") &&
                        Contains("the file has the groups metrics"));
  open("empty.h5").createGroup("posterior");
  CHECK_THROWS_WITH(read_draws(folder / "empty.h5"), Contains("the group posterior has none"));
  write_numbers(open("hole.h5").createGroup("posterior"), "mu", {1, 4}, {1, 2, std::nan(""), 4});
  CHECK_THROWS_WITH(read_draws(folder / "hole.h5"),
                    Contains("hole.h5:posterior/mu[chain 0, draw 2]: expected a finite number"));
  {
    const H5::Group group = open("ragged.h5").createGroup("posterior");
    write_numbers(group, "a", {1, 4}, {1, 2, 3, 4});
    write_numbers(group, "b", {1, 5}, {1, 2, 3, 4, 5});
  }
  CHECK_THROWS_WITH(read_draws(folder / "ragged.h5"),
                    Contains("posterior/b: expected 1 chains of 4 draws as in a, got 1 of 5"));
  write_numbers(open("flat.h5").createGroup("posterior"), "mu", {4}, {1, 2, 3, 4});
  CHECK_THROWS_WITH(read_draws(folder / "flat.h5"),
                    Contains("expected the axes (chain, draw, ...)"));
  write_numbers(open("short.h5"), "mu", {3}, {1, 2, 3});
  CHECK_THROWS_WITH(read_draws(folder / "short.h5"),
                    Contains("expected at least 4 draws per chain, got 3"));
  CHECK_THROWS_WITH(read_draws(folder.path()), Contains("cannot be read"));
  CHECK_THROWS_WITH(read_draws(folder / "none"), Contains("none: cannot be read"));
}

TEST_CASE("an HDF5 file that is cut off is refused with its name") {
  const ScratchFolder folder;
  write_numbers(H5::H5File((folder / "a.h5").string(), H5F_ACC_TRUNC), "mu", {4}, {1, 2, 3, 4});
  std::filesystem::resize_file(folder / "a.h5", std::filesystem::file_size(folder / "a.h5") / 2);
  CHECK_THROWS_WITH(read_draws(folder / "a.h5"),
                    Contains("a.h5: cannot be read: the HDF5 file is cut off or damaged"));
}
