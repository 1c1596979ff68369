#include "record/first_difference.hpp"

#include <H5Cpp.h>

#include <catch2/catch.hpp>
#include <elbow/error.hpp>
#include <fstream>
#include <functional>

#include "example_cell.hpp"
#include "support/scratch_folder.hpp"

using Catch::Matchers::Contains;

namespace {

/// What differs between two example cells after a change to the second.
std::string difference_after(const std::function<void(const H5::H5File&)>& change) {
  const ScratchFolder folder;
  for (const char* name : {"a.h5", "b.h5"}) {
    elbow::CellWriter cell(folder / name);
    write_example(cell);
    cell.commit();
  }
  {
    const H5::H5File file((folder / "b.h5").string(), H5F_ACC_RDWR);
    change(file);
  }
  return elbow::first_difference(folder / "a.h5", folder / "b.h5").value_or("none");
}

void set_number(const H5::H5File& file, const std::string& name, hsize_t element, double value) {
  H5::DataSet set = file.openDataSet(name);
  const hsize_t count = hsize_t(set.getSpace().getSimpleExtentNpoints());
  std::vector<double> values(count);
  set.read(values.data(), H5::PredType::NATIVE_DOUBLE);
  values[element] = value;
  set.write(values.data(), H5::PredType::NATIVE_DOUBLE);
}

void set_text(const H5::H5Object& object, const std::string& name, const std::string& text) {
  H5::Attribute attribute = object.openAttribute(name);
  attribute.write(attribute.getDataType(), text);
}

}  // namespace

TEST_CASE("two files written from the same numbers have no difference") {
  CHECK(difference_after([](const H5::H5File&) {}) == "none");
}

TEST_CASE("times and provenance may differ") {
  CHECK(difference_after([](const H5::H5File& file) {
          set_number(file, "timing/seconds", 0, 99);
          set_text(file.openGroup("/"), "provenance", "{\"host\": \"elsewhere\"}");
        }) == "none");
}

TEST_CASE("one bit of one draw is a difference, named with its place and both values") {
  const double before = 100 + 3 + 0.01 * 4;  // chain 1, draw 3, i = 1, j = 1
  const double after = std::nextafter(before, 1e9);
  const std::string difference = difference_after(
      [&](const H5::H5File& file) { set_number(file, "posterior/x", (50 + 3) * 6 + 4, after); });
  CHECK_THAT(difference, Contains("/posterior/x, element 322: 103.04") && Contains(" and 103.04"));
}

TEST_CASE("a negative zero differs from a positive one, and a NaN from a number") {
  CHECK_THAT(
      difference_after([](const H5::H5File& file) { set_number(file, "posterior/mu", 0, 0.0); }),
      Contains("/posterior/mu, element 0: -0 and 0"));
  CHECK_THAT(difference_after([](const H5::H5File& file) {
               set_number(file, "posterior/mu", 5, std::numeric_limits<double>::quiet_NaN());
             }),
             Contains("element 5: -5 and nan"));
}

TEST_CASE("an attribute, a label and a missing group are differences") {
  CHECK_THAT(difference_after([](const H5::H5File& file) {
               set_text(file.openGroup("/"), "configuration", "{\"seed\":2}");
             }),
             Contains("configuration") && Contains("\"seed\":1") && Contains("\"seed\":2"));
  CHECK_THAT(difference_after([](const H5::H5File& file) { file.unlink("metrics"); }),
             Contains("/metrics: only in the first"));
  CHECK_THAT(difference_after([](const H5::H5File& file) { file.createGroup("/extra"); }),
             Contains("/extra: only in the second"));
}

TEST_CASE("a file that cannot be read is named") {
  const ScratchFolder folder;
  std::ofstream(folder / "a.h5") << "half a file";
  CHECK_THROWS_WITH(elbow::first_difference(folder / "a.h5", folder / "a.h5"), Contains("a.h5"));
}
