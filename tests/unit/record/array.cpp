#include "record/array.hpp"

#include <H5Cpp.h>
#include <zlib.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <elbow/error.hpp>
#include <elbow/math.hpp>
#include <elbow/random.hpp>
#include <limits>

#include "support/array_files.hpp"
#include "support/scratch_folder.hpp"

using namespace elbow;
using namespace elbow::test;
using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;
using Shape = std::vector<Index>;

namespace {

using Bytes = std::vector<std::uint8_t>;
using Floats = std::vector<float>;
using Doubles = std::vector<double>;

Array read_bytes(const std::string& bytes) {
  const ScratchFolder folder;
  write_bytes(folder / "a", bytes);
  return read_array(folder / "a");
}

std::string refusal(const std::string& bytes) {
  try {
    read_bytes(bytes);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

template <class T>
void check_is(const Array& array, const Shape& shape, const std::vector<T>& numbers) {
  CHECK(array.shape == shape);
  REQUIRE(std::holds_alternative<std::vector<T>>(array.numbers));
  CHECK(std::get<std::vector<T>>(array.numbers) == numbers);
}

std::string gzipped(const std::string& bytes) {
  const ScratchFolder folder;
  const gzFile file = ::gzopen((folder / "g").c_str(), "wb");
  ::gzwrite(file, bytes.data(), unsigned(bytes.size()));
  ::gzclose(file);
  std::ifstream stream(folder / "g", std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::string npy(const std::string& type, const std::string& shape, const std::string& bytes,
                const std::string& fortran = "False", int version = 1) {
  return npy_header(npy_dictionary(type, shape, fortran), version) + bytes;
}

/// 2 x 3 x 4 with bytes 100 image + 10 row + column
Bytes numbered() {
  Bytes numbers;
  for (int image = 0; image < 2; ++image)
    for (int row = 0; row < 3; ++row)
      for (int column = 0; column < 4; ++column)
        numbers.push_back(std::uint8_t(100 * image + 10 * row + column));
  return numbers;
}

}  // namespace

TEST_CASE("IDX: images of bytes are read as they are, gzipped or not") {
  const std::string file = idx(0x08, {2, 3, 4}, numbered());
  check_is(read_bytes(file), {2, 3, 4}, numbered());
  check_is(read_bytes(gzipped(file)), {2, 3, 4}, numbered());
}

TEST_CASE("IDX: every type of its numbers is big-endian and lands in the smallest exact type") {
  using Limits16 = std::numeric_limits<std::int16_t>;
  using Limits32 = std::numeric_limits<std::int32_t>;
  check_is(read_bytes(idx<std::int8_t>(0x09, {3}, {0, 1, 127})), {3}, Bytes{0, 1, 127});
  check_is(read_bytes(idx<std::int8_t>(0x09, {2}, {-128, 127})), {2}, Floats{-128, 127});
  check_is(read_bytes(idx<std::int16_t>(0x0b, {2}, {255, 0})), {2}, Bytes{255, 0});
  check_is(read_bytes(idx<std::int16_t>(0x0b, {3}, {Limits16::min(), 256, Limits16::max()})), {3},
           Floats{-32768, 256, 32767});
  check_is(read_bytes(idx<std::int32_t>(0x0c, {2}, {1 << 24, -(1 << 25)})), {2},
           Floats{16777216, -33554432});
  check_is(read_bytes(idx<std::int32_t>(0x0c, {3}, {1, Limits32::min(), Limits32::max()})), {3},
           Doubles{1, -2147483648.0, 2147483647.0});
  check_is(read_bytes(idx<float>(0x0d, {2, 1}, {0.1f, -3e38f})), {2, 1}, Floats{0.1f, -3e38f});
  check_is(read_bytes(idx<double>(0x0e, {1, 2}, {0.1, 1e300})), {1, 2}, Doubles{0.1, 1e300});
}

TEST_CASE("IDX: a file that ends early is named with the byte, what it should have and has") {
  const std::string file = idx(0x08, {2, 3, 4}, numbered());
  CHECK_THAT(refusal(file.substr(0, 20)),
             EndsWith("a: byte 20: expected 2 x 3 x 4 numbers of 1 bytes, 24 bytes in all, got the "
                      "end of the file after 4"));
  CHECK_THAT(refusal(file.substr(0, 9)),
             EndsWith("a: byte 9: expected the extent of axis 1 in bytes 8 to 11, got the end of "
                      "the file"));
  CHECK_THAT(refusal(file.substr(0, 3)), Contains("byte 3: expected the magic number"));
  CHECK_THAT(refusal(gzipped(file.substr(0, 39))),
             EndsWith("a: byte 39 of the decompressed content: expected 2 x 3 x 4 numbers of 1 "
                      "bytes, 24 bytes in all, got the end of the file after 23"));
  CHECK_THAT(refusal(file + "xy"),
             EndsWith("byte 40: expected the end of the file after 2 x 3 x 4 numbers, got 2 bytes "
                      "more"));
}

TEST_CASE("IDX: a wrong magic number, an unknown type and no axes are refused") {
  std::string file = idx(0x08, {2, 3, 4}, numbered());
  file[0] = 1;
  CHECK_THAT(refusal(file), Contains("a: byte 0: expected the magic number of an IDX file") &&
                                EndsWith("got the bytes 01 00 08 03 00 00 00 02"));
  file[0] = 0, file[2] = 7;
  CHECK_THAT(refusal(file), Contains("a: byte 2: expected the type of an IDX file's numbers") &&
                                EndsWith("got 0x07"));
  file[2] = 8, file[3] = 0;
  CHECK_THAT(refusal(file), EndsWith("byte 3: expected an IDX file with one axis or more, got 0"));
}

TEST_CASE("IDX: extents that are zero or overflow are refused before room is made") {
  CHECK_THAT(refusal(idx_header(0x08, {0, 28, 28})),
             EndsWith("byte 4: expected at least one number along every axis, got 0 x 28 x 28"));
  CHECK_THAT(refusal(idx_header(0x0e, {~0u, ~0u, 2})),
             EndsWith("byte 4: expected no more numbers than have an address, got 4294967295 x "
                      "4294967295 x 2 of 8 bytes"));
  CHECK_THAT(refusal(idx_header(0x08, {1u << 31, 1u << 30})),
             EndsWith("byte 12: expected 2147483648 x 1073741824 numbers of 1 bytes, "
                      "2305843009213693952 bytes in all, got the end of the file after 0"));
  CHECK_THAT(refusal(gzipped(idx_header(0x08, {1u << 31, 1u << 30}))),
             EndsWith("got the end of the file after 0"));
}

TEST_CASE("A number that is not finite is named with its byte and element") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK_THAT(refusal(idx<float>(0x0d, {2, 2}, {0, 1, 2, nan})),
             EndsWith("byte 24: element [1, 1]: expected a finite number, got nan"));
  CHECK_THAT(refusal(npy("<f8", "(3,)", bytes_of<double>({1, -infinity, 2}, false))),
             Contains("element [1]: expected a finite number, got -inf"));
}

TEST_CASE("A gzip file that is cut or damaged is refused") {
  const std::string file = gzipped(idx(0x08, {2, 3, 4}, numbered()));
  // Where it ends, in bytes of the file itself.
  for (const std::size_t size : {file.size() - 4, file.size() / 2})
    CHECK_THAT(refusal(file.substr(0, size)),
               EndsWith("a: byte " + std::to_string(size) +
                        " of the compressed file: damaged gzip data: unexpected end of file"));
  std::string other = file;
  other[file.size() - 6] = char(other[file.size() - 6] ^ 1);  // of the checksum
  CHECK_THAT(refusal(other), Contains("damaged gzip data"));
}

TEST_CASE("NPY: versions 1 to 3, either byte order, every type") {
  for (const int version : {1, 2, 3})
    check_is(read_bytes(npy("|u1", "(2, 3, 4)", bytes_of(numbered(), false), "False", version)),
             {2, 3, 4}, numbered());
  check_is(read_bytes(npy("|b1", "(3,)", {'\0', '\1', '\1'})), {3}, Bytes{0, 1, 1});
  check_is(read_bytes(npy("|i1", "(2,)", bytes_of<std::int8_t>({-1, 1}, false))), {2},
           Floats{-1, 1});
  for (const bool big : {false, true}) {
    const std::string order = big ? ">" : "<";
    check_is(read_bytes(npy(order + "f4", "(1, 2)", bytes_of<float>({0.1f, 2}, big))), {1, 2},
             Floats{0.1f, 2});
    check_is(read_bytes(npy(order + "f8", "(2, 1)", bytes_of<double>({0.1, 2}, big))), {2, 1},
             Doubles{0.1, 2});
    check_is(read_bytes(npy(order + "i2", "(2,)", bytes_of<std::int16_t>({-2, 300}, big))), {2},
             Floats{-2, 300});
    check_is(read_bytes(npy(order + "u2", "(2,)", bytes_of<std::uint16_t>({2, 65535}, big))), {2},
             Floats{2, 65535});
    check_is(read_bytes(npy(order + "i4", "(2,)", bytes_of<std::int32_t>({7, 255}, big))), {2},
             Bytes{7, 255});
    check_is(read_bytes(npy(order + "u4", "(1,)", bytes_of<std::uint32_t>({4294967295u}, big))),
             {1}, Doubles{4294967295.0});
    check_is(read_bytes(npy(order + "i8", "(2,)",
                            bytes_of<std::int64_t>({-(1ll << 53), (1ll << 53) - 1}, big))),
             {2}, Doubles{-9007199254740992.0, 9007199254740991.0});
    check_is(read_bytes(npy(order + "u8", "(2,)", bytes_of<std::uint64_t>({0, 255}, big))), {2},
             Bytes{0, 255});
    // 1, -2, the smallest subnormal, 65504
    check_is(read_bytes(npy(order + "f2", "(4,)",
                            bytes_of<std::uint16_t>({0x3c00, 0xc000, 0x0001, 0x7bff}, big))),
             {4}, Floats{1, -2, 0x1p-24f, 65504});
  }
}

TEST_CASE("NPY: Fortran order becomes C order") {
  Bytes columns_first;
  for (int column = 0; column < 4; ++column)
    for (int row = 0; row < 3; ++row)
      for (int image = 0; image < 2; ++image)
        columns_first.push_back(std::uint8_t(100 * image + 10 * row + column));
  check_is(read_bytes(npy("|u1", "(2, 3, 4)", bytes_of(columns_first, false), "True")), {2, 3, 4},
           numbered());
  check_is(read_bytes(npy("|u1", "(3,)", {'\1', '\2', '\3'}, "True")), {3}, Bytes{1, 2, 3});
}

TEST_CASE("NPY: pickled objects, structures, unknown types and single numbers are refused") {
  CHECK_THAT(refusal(npy("|O", "(3,)", "xxx")),
             Contains("byte 10: expected booleans, integers or reals of at most 8 bytes, got the "
                      "dtype '|O', pickled Python objects"));
  for (const char* type : {"<c8", "<U3", "|S2", "<f16", "<M8[ns]", "|f4", "f4", ""})
    CHECK_THAT(refusal(npy(type, "(3,)", "xxx")),
               EndsWith("got the dtype '" + std::string(type) + "'"));
  CHECK_THAT(
      refusal(npy_header("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}")),
      Contains("byte 20: expected one number per element in the header of an NPY file, got "
               "a structure of several fields"));
  CHECK_THAT(refusal(npy("<f4", "()", bytes_of<float>({1}, false))), Contains("a single number"));
  CHECK_THAT(refusal(npy("<f4", "(2, 0)", "")), EndsWith("got 2 x 0"));
  CHECK_THAT(refusal(npy("<f8", "(4294967296, 4294967296)", "")), Contains("have an address"));
  CHECK_THAT(refusal(npy("<i8", "(1,)", bytes_of<std::int64_t>({(1ll << 53) + 1}, false))),
             EndsWith("element [0]: expected an integer of at most 2^53, as a float64 holds "
                      "exactly, got 9007199254740993"));
  CHECK_THAT(refusal(npy("|b1", "(2,)", {'\1', '\2'})),
             EndsWith("expected a boolean, 0 or 1, got 2"));
}

TEST_CASE("NPY: damaged headers and missing numbers are named with the byte") {
  const std::string whole = npy("<f4", "(2,)", bytes_of<float>({1, 2}, false));
  CHECK_THAT(
      refusal(whole.substr(0, whole.size() - 1)),
      EndsWith("expected 2 numbers of 4 bytes, 8 bytes in all, got the end of the file after "
               "7"));
  CHECK_THAT(refusal(whole.substr(0, 30)), Contains("byte 30: expected the header of an NPY file"));
  CHECK_THAT(refusal(whole.substr(0, 9)), Contains("byte 9: expected the size of the header"));
  std::string version = whole;
  version[6] = 4;
  CHECK_THAT(refusal(version), EndsWith("byte 6: expected version 1, 2 or 3 of NPY, got 4"));
  const auto header = [](const std::string& dictionary) {
    return refusal(npy_header(dictionary) + "0123");
  };
  CHECK_THAT(header("{'descr': '<f4', 'shape': (1,)}"), Contains("expected the keys"));
  CHECK_THAT(header("{'descr': '<f4', 'fortran_order': 1, 'shape': (1,)}"),
             Contains("expected True or False"));
  CHECK_THAT(header("{'descr': '<f4', 'fortran_order': False, 'shape': (x,)}"),
             Contains("expected an extent of at most 64 bits"));
  CHECK_THAT(header("{'descr': '<f4', 'fortran_order': False, 'shape': (1)}x"),
             Contains("expected nothing behind the dictionary"));
  CHECK_THAT(header("{'descr': '<f4', 'descr': '<f4'}"), Contains("once"));
  CHECK_THAT(header("{'other': '<f4'}"), Contains("got 'other'"));
  CHECK_THAT(header("{'descr': '<f4"), Contains("a text that does not end"));
  CHECK_THAT(refusal("\x93NUMPY" + std::string("\2\0\xff\xff\xff\xff", 6)),
             Contains("byte 8: expected a header of at most 65536 bytes, got 4294967295"));
}

TEST_CASE("CSV: rows of numbers in the smallest type that holds them exactly") {
  check_is(read_bytes("0,255\n12,3\n"), {2, 2}, Bytes{0, 255, 12, 3});
  check_is(read_bytes("a,b\n0,-1\n0.5,3\n"), {2, 2}, Floats{0, -1, 0.5, 3});
  check_is(read_bytes(gzipped("0.1 2\n")), {1, 2}, Doubles{0.1, 2});
}

TEST_CASE("CSV: images of differing size are refused with the line") {
  CHECK_THAT(refusal("1,2,3\n4,5\n"), EndsWith("a:2:1: expected 3 fields as in line 1, got 2"));
  CHECK_THAT(refusal("1,2\n4,nan\n"), Contains("a:2:3: expected a number"));
  CHECK_THAT(refusal(""),
             EndsWith("byte 0: expected an IDX, NPY, HDF5 or CSV file, got an empty one"));
}

TEST_CASE("HDF5: datasets of any number of axes and any type") {
  const ScratchFolder folder;
  const std::string path = folder / "a.h5";
  {
    H5::H5File file(path, H5F_ACC_TRUNC);
    const hsize_t shape[] = {2, 3, 4}, two = 2, big[] = {300, 400};
    const Bytes images = numbered();
    file.createGroup("train")
        .createDataSet("images", H5::PredType::STD_U8LE, H5::DataSpace(3, shape))
        .write(images.data(), H5::PredType::NATIVE_UINT8);
    const double reals[] = {0.1, 2};
    file.createDataSet("f8", H5::PredType::IEEE_F64BE, H5::DataSpace(1, &two))
        .write(reals, H5::PredType::NATIVE_DOUBLE);
    file.createDataSet("f4", H5::PredType::IEEE_F32LE, H5::DataSpace(1, &two))
        .write(reals, H5::PredType::NATIVE_DOUBLE);
    const std::int64_t integers[] = {-1, 70000};
    file.createDataSet("i8", H5::PredType::STD_I64BE, H5::DataSpace(1, &two))
        .write(integers, H5::PredType::NATIVE_INT64);
    H5::EnumType truth(H5::PredType::NATIVE_INT8);
    std::int8_t value = 0;
    truth.insert("FALSE", &value);
    truth.insert("TRUE", &(value = 1));
    const std::int8_t flags[] = {1, 0};
    file.createDataSet("flags", truth, H5::DataSpace(1, &two)).write(flags, truth);
    // More than one block, the first of them bytes only.
    std::vector<int> rising(300 * 400);
    for (std::size_t i = 0; i < rising.size(); ++i) rising[i] = int(i > 70000 ? i : i % 256);
    file.createDataSet("big", H5::PredType::STD_I32LE, H5::DataSpace(2, big))
        .write(rising.data(), H5::PredType::NATIVE_INT);
  }
  check_is(read_array(path, "train/images"), {2, 3, 4}, numbered());
  check_is(read_array(path, "f8"), {2}, Doubles{0.1, 2});
  check_is(read_array(path, "f4"), {2}, Floats{0.1f, 2});
  check_is(read_array(path, "i8"), {2}, Floats{-1, 70000});
  check_is(read_array(path, "flags"), {2}, Bytes{1, 0});
  const Array big = read_array(path, "big");
  CHECK(big.shape == Shape{300, 400});
  const auto& numbers = std::get<Floats>(big.numbers);
  for (std::size_t i = 0; i < numbers.size(); ++i)
    REQUIRE(numbers[i] == float(i > 70000 ? i : i % 256));
}

TEST_CASE("HDF5: groups, texts, missing names, empty and impossible datasets are refused") {
  const ScratchFolder folder;
  const std::string path = folder / "a.h5";
  {
    H5::H5File file(path, H5F_ACC_TRUNC);
    file.createGroup("train");
    const hsize_t four = 4, none[] = {0, 28}, huge[] = {1u << 31, 1u << 31}, chunk[] = {1024, 1024},
                  hole[] = {1, 2};
    file.createDataSet("names", H5::StrType(H5::PredType::C_S1, 5), H5::DataSpace(1, &four));
    file.createDataSet("none", H5::PredType::STD_U8LE, H5::DataSpace(2, none));
    file.createDataSet("one", H5::PredType::STD_U8LE, H5::DataSpace());
    H5::DSetCreatPropList chunked;
    chunked.setChunk(2, chunk);
    file.createDataSet("huge", H5::PredType::STD_U8LE, H5::DataSpace(2, huge), chunked);
    const double holes[] = {1, std::numeric_limits<double>::quiet_NaN()};
    file.createDataSet("holes", H5::PredType::IEEE_F64LE, H5::DataSpace(2, hole))
        .write(holes, H5::PredType::NATIVE_DOUBLE);
  }
  const auto refused = [&](const std::string& dataset, const std::string& found) {
    CHECK_THROWS_WITH(read_array(path, dataset),
                      Contains("a.h5:" + dataset +
                               ": expected a dataset of numbers with one axis "
                               "or more, got " +
                               found) &&
                          Contains("it has holes (1 x 2), "));
  };
  refused("train", "a group");
  refused("test", "no such dataset");
  refused("names", "a dataset whose elements are no numbers");
  refused("none", "one without any: 0 x 28");
  refused("one", "one value");
  refused("huge", "one of 2147483648 x 2147483648 numbers in a file of ");
  CHECK_THROWS_WITH(read_array(path, "holes"),
                    EndsWith("a.h5:holes[0, 1]: expected a finite number, got nan"));
  CHECK_THROWS_WITH(read_array(path), Contains("expected the name of a dataset behind the file"));
  std::filesystem::resize_file(path, 1000);
  CHECK_THROWS_WITH(read_array(path, "holes"), Contains("cannot be read: HDF5 says"));
  write_bytes(folder / "a.idx", idx(0x08, {2, 3, 4}, numbered()));
  CHECK_THROWS_WITH(read_array(folder / "a.idx", "x"), EndsWith("got a file of another kind"));
}

TEST_CASE("Files cut anywhere or with any bit flipped are read or refused, never worse") {
  const ScratchFolder folder;
  const std::string whole[] = {
      idx(0x08, {2, 3, 4}, numbered()), gzipped(idx<float>(0x0d, {2, 3}, {1, 2, 3, 4, 5, 6})),
      npy("<f4", "(2, 3)", bytes_of<float>({1, 2, 3, 4, 5, 6}, false), "True"),
      npy("|b1", "(4,)", {'\0', '\1', '\1', '\0'}, "False", 2), "1,2,3\n4,5,6\n"};
  RandomStream random(1, 0, "damage");
  const int rounds =
      std::getenv("ELBOW_FUZZ_ROUNDS") ? std::atoi(std::getenv("ELBOW_FUZZ_ROUNDS")) : 300;
  int refused = 0;
  for (int round = 0; round < rounds; ++round)
    for (std::string bytes : whole) {
      const auto below = [&](std::size_t n) { return std::size_t(random.uniform() * double(n)); };
      if (below(2) == 0) bytes.resize(below(bytes.size()));
      for (std::size_t flips = below(4); flips > 0 && !bytes.empty(); --flips)
        bytes[below(bytes.size())] ^= char(1 << below(8));
      write_bytes(folder / "a", bytes);
      try {
        const Array array = read_array(folder / "a");
        std::visit(
            [&](const auto& numbers) {
              CHECK(Index(numbers.size()) == array.item_count() * array.item_size());
            },
            array.numbers);
      } catch (const Error& error) {
        ++refused;
        REQUIRE_THAT(error.what(), Contains((folder / "a").string()));
      }
    }
  CHECK(refused > rounds);
}

TEST_CASE("Items are gathered as columns of floats") {
  const Array images = read_bytes(idx(0x08, {2, 3, 4}, numbered()));
  const std::vector<Index> items{1, 0, 1};
  Eigen::MatrixXf columns(12, 3);
  images.gather(items, columns);
  CHECK(columns(0, 0) == 100);
  CHECK(columns(7, 0) == 113);
  CHECK(columns(7, 1) == 13);
  CHECK(columns.col(2) == columns.col(0));
  CHECK(images.range() == std::pair(0.0, 123.0));
}

TEST_CASE("The MNIST test images are 10,000 images of 28 x 28 bytes") {
  const char* folders = std::getenv("ELBOW_DATA");
  const auto path =
      std::filesystem::path(folders ? folders : "") / "mnist" / "t10k-images-idx3-ubyte.gz";
  if (!folders || !std::filesystem::exists(path)) {
    WARN("TEST SKIPPED: needs mnist/t10k-images-idx3-ubyte.gz in ELBOW_DATA");
    return;
  }
  const Array images = read_array(path);
  CHECK(images.shape == Shape{10000, 28, 28});
  REQUIRE(std::holds_alternative<Bytes>(images.numbers));
  CHECK(images.range() == std::pair(0.0, 255.0));
}
