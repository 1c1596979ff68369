#include "record/table.hpp"

#include <H5Cpp.h>

#include <catch2/catch.hpp>
#include <elbow/error.hpp>
#include <fstream>

#include "support/scratch_folder.hpp"

using namespace elbow;
using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;

namespace {

/// numbers/table: 3 x 2 float32 with 10 row + column; numbers/counts: 4 int16, squares;
/// cube: 2 x 2 x 2; names: texts; holes: 1 x 2 with a NaN
void write_tables(const std::filesystem::path& path) {
  H5::H5File file(path.string(), H5F_ACC_TRUNC);
  const H5::Group group = file.createGroup("numbers");
  const hsize_t shape[] = {3, 2}, four = 4, two[] = {2, 2, 2}, hole[] = {1, 2};
  const float table[] = {0, 1, 10, 11, 20, 21};
  group.createDataSet("table", H5::PredType::IEEE_F32BE, H5::DataSpace(2, shape))
      .write(table, H5::PredType::NATIVE_FLOAT);
  const int counts[] = {0, 1, 4, 9};
  group.createDataSet("counts", H5::PredType::STD_I16LE, H5::DataSpace(1, &four))
      .write(counts, H5::PredType::NATIVE_INT);
  file.createDataSet("cube", H5::PredType::STD_I8LE, H5::DataSpace(3, two));
  file.createDataSet("names", H5::StrType(H5::PredType::C_S1, 5), H5::DataSpace(1, &four));
  const double holes[] = {1, std::nan("")};
  file.createDataSet("holes", H5::PredType::IEEE_F64LE, H5::DataSpace(2, hole))
      .write(holes, H5::PredType::NATIVE_DOUBLE);
}

}  // namespace

TEST_CASE(
    "A dataset of any numeric type reads as rows and columns, the first axis being the rows") {
  const ScratchFolder folder;
  write_tables(folder / "t.h5");
  const Table table = read_table(folder / "t.h5", "numbers/table");
  REQUIRE(table.values.rows() == 3);
  REQUIRE(table.values.cols() == 2);
  for (Index row = 0; row < 3; ++row)
    for (Index column = 0; column < 2; ++column)
      CHECK(table.values(row, column) == static_cast<double>(10 * row + column));
  CHECK(table.columns == std::vector<std::string>{"1", "2"});
  CHECK(read_table(folder / "t.h5", "/numbers/counts").values == Eigen::Vector4d(0, 1, 4, 9));
}

TEST_CASE("What is no table of numbers is refused with the datasets that there are") {
  const ScratchFolder folder;
  write_tables(folder / "t.h5");
  const std::string dataset = GENERATE("none", "numbers", "cube", "names", "numbers/none", "");
  CHECK_THROWS_WITH(
      read_table(folder / "t.h5", dataset),
      Contains("t.h5") && EndsWith("it has cube (2 x 2 x 2), holes (1 x 2), names (4, no numbers), "
                                   "numbers/counts (4), numbers/table (3 x 2)"));
}

TEST_CASE("A number that is not finite is named with its place") {
  const ScratchFolder folder;
  write_tables(folder / "t.h5");
  CHECK_THROWS_WITH(read_table(folder / "t.h5", "holes"),
                    EndsWith("t.h5:holes[0, 1]: expected a finite number, got nan"));
}

TEST_CASE("Text is read without a dataset's name, and refused with one") {
  const ScratchFolder folder;
  std::ofstream(folder / "t.csv") << "1,2\n3,4\n";
  CHECK(read_table(folder / "t.csv").values.rows() == 2);
  CHECK_THROWS_WITH(read_table(folder / "t.csv", "x"), EndsWith("got a file of another kind"));
  CHECK_THROWS_WITH(read_table(folder / "no.h5", "x"),
                    EndsWith("no.h5: cannot be read: No such file or directory"));
}

TEST_CASE("A truncated HDF5 file is named") {
  const ScratchFolder folder;
  write_tables(folder / "t.h5");
  std::filesystem::resize_file(folder / "t.h5", 1000);
  CHECK_THROWS_WITH(read_table(folder / "t.h5", "cube"),
                    Contains("t.h5: cannot be read: HDF5 says"));
}
