#include "record/result_reader.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <elbow/error.hpp>
#include <fstream>

#include "example_cell.hpp"
#include "support/scratch_folder.hpp"

using namespace elbow;

TEST_CASE("A trace is read back as it was written") {
  ScratchFolder folder;
  CellWriter cell(folder / "a.h5");
  write_example(cell);
  cell.commit();
  const auto trace = read_rows(folder / "a.h5", "vi_trace", "iteration");
  REQUIRE(trace);
  REQUIRE(trace->coordinate.size() == example_rows);
  CHECK(trace->coordinate[7] == 70);
  CHECK(trace->columns.at("elbo")[7] == -1. / 8);
  CHECK(!read_rows(folder / "a.h5", "vi_checkpoints", "iteration"));
}

TEST_CASE("Means and standard deviations of draws are those of all chains together") {
  ScratchFolder folder;
  CellWriter cell(folder / "a.h5");
  write_example(cell);
  cell.commit();
  const Marginals marginals = read_marginals(folder / "a.h5", "posterior", 100);
  REQUIRE(marginals.total == 11);
  REQUIRE(marginals.elements.size() == 11);
  // x[1, 2] is x[0, 0] + 0.05: (0 ... 49 and 100 ... 149) has mean 74.5.
  CHECK(marginals.elements[5].name == "x[1, 2]");
  CHECK(marginals.elements[5].mean == Approx(74.55));
  CHECK(marginals.elements[9].name == "theta[3]");
  const MarginalMoments& mu = marginals.elements[10];
  CHECK(mu.name == "mu");
  CHECK(mu.mean == Approx(-74.5));
  // Squares within the two chains, 2 * 50 (50^2 - 1) / 12, and between them, 100 * 50^2.
  CHECK(mu.sd == Approx(std::sqrt((20825. + 250000.) / 99)));
  CHECK(read_marginals(folder / "a.h5", "posterior", 3).elements.size() == 3);
  CHECK(read_marginals(folder / "a.h5", "prior", 3).total == 0);
}

TEST_CASE("Reading what is no cell file names the file") {
  ScratchFolder folder;
  std::ofstream(folder / "a.h5") << "no HDF5";
  CHECK_THROWS_WITH(read_rows(folder / "a.h5", "vi_trace", "iteration"), Catch::Contains("a.h5"));
}
