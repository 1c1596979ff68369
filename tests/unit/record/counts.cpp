#include "record/counts.hpp"

#include <catch2/catch.hpp>
#include <filesystem>

#include "support/scratch_folder.hpp"

using namespace elbow;

TEST_CASE("The coordinates of a dimension are the numbers from 0, however long it is") {
  const Index extent =
      GENERATE(Index(0), Index(1), Index(8192), Index(8193), Index(65535), Index(65536),
               Index(65537), Index(200'000), (Index(1) << 24) + 70'000);
  const ScratchFolder folder;
  const std::filesystem::path path = folder.path() / "counts.h5";
  {
    H5::H5File file = create_file(path.string(), H5::FileAccPropList::DEFAULT);
    write_counts(create_group(file, "posterior"), "draw", extent);
  }
  const H5::H5File file(path.string(), H5F_ACC_RDONLY);
  const H5::DataSet set = file.openDataSet("posterior/draw");
  hsize_t stored = 0;
  set.getSpace().getSimpleExtentDims(&stored);
  REQUIRE(stored == hsize_t(extent));
  std::vector<std::int64_t> numbers(stored);
  if (extent > 0) set.read(numbers.data(), H5::PredType::NATIVE_INT64);
  Index wrong = 0;
  for (Index i = 0; i < extent; ++i) wrong += numbers[std::size_t(i)] != i;
  CHECK(wrong == 0);
  CHECK(std::filesystem::file_size(path) < std::uintmax_t(70'000 + extent / 12));
}
