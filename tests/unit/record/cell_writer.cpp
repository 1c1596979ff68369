#include "record/cell_writer.hpp"

#include <H5Cpp.h>

#include <catch2/catch.hpp>
#include <cmath>

#include "example_cell.hpp"
#include "record/cell_summary.hpp"
#include "support/scratch_folder.hpp"

using namespace elbow;

namespace {

struct Numbers {
  std::vector<hsize_t> shape;
  std::vector<double> values;  ///< C order
};

Numbers read(const std::filesystem::path& file, const std::string& name) {
  const H5::H5File hdf5(file.string(), H5F_ACC_RDONLY);
  const H5::DataSet dataset = hdf5.openDataSet(name);
  const H5::DataSpace space = dataset.getSpace();
  Numbers numbers;
  numbers.shape.resize(static_cast<std::size_t>(space.getSimpleExtentNdims()));
  if (!numbers.shape.empty()) space.getSimpleExtentDims(numbers.shape.data());
  numbers.values.resize(static_cast<std::size_t>(space.getSimpleExtentNpoints()));
  if (!numbers.values.empty()) dataset.read(numbers.values.data(), H5::PredType::NATIVE_DOUBLE);
  return numbers;
}

}  // namespace

TEST_CASE("A matrix-valued draw is stored in C order with its shape behind chain and draw") {
  const ScratchFolder folder;
  CellWriter cell(folder / "a.h5");
  write_example(cell);
  cell.commit();
  const Numbers x = read(folder / "a.h5", "posterior/x");
  REQUIRE(x.shape == std::vector<hsize_t>{2, 50, 2, 3});
  std::size_t element = 0;
  for (int chain = 0; chain < 2; ++chain)
    for (int draw = 0; draw < 50; ++draw)
      for (int e = 0; e < 6; ++e) CHECK(x.values[element++] == 100. * chain + draw + 0.01 * e);
}

TEST_CASE("Nothing is visible under the final name before commit, and nothing is left without it") {
  const ScratchFolder folder;
  {
    CellWriter cell(folder / "cells/ab/a.h5");
    write_example(cell);
    CHECK_FALSE(std::filesystem::exists(folder / "cells/ab/a.h5"));
  }
  CHECK(files_in(folder.path()) == 0);
}

TEST_CASE("A summary says what was written") {
  const ScratchFolder folder;
  CellWriter cell(folder / "cells/01/a.h5");
  write_example(cell);
  cell.commit();
  const CellSummary summary = read_summary(folder / "cells/01/a.h5");
  CHECK(summary.hash == "0123456789abcdef0123456789abcdef");
  CHECK(summary.method == "nuts – Größe");
  CHECK(summary.replicate == 3);
  CHECK(summary.configuration["model"]["axes"]["points"] == 200);
  CHECK(summary.provenance["host"] == "here");
  CHECK(summary.outcome.ending == Ending::converged);
  CHECK(summary.metrics.at("elbo").value == -31.5);
  CHECK(summary.metrics.at("elbo").mcse == 0.25);
  CHECK(std::isnan(summary.metrics.at("k_hat").mcse));
  CHECK(summary.metrics.at("seconds").unit == "s");
  CHECK(summary.path == "cells/01/a.h5");
}
