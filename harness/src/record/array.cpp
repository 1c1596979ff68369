#include "record/array.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <elbow/error.hpp>
#include <limits>
#include <type_traits>

#include "data/array_builder.hpp"
#include "data/byte_stream.hpp"
#include "data/file_content.hpp"
#include "data/idx_array.hpp"
#include "data/npy_array.hpp"
#include "data/text_table.hpp"
#include "data/zip_archive.hpp"
#include "record/cell_reader.hpp"
#include "record/hdf5.hpp"
#include "record/named_dataset.hpp"
#include "record/table.hpp"

namespace elbow {
namespace {

/// No filter packs numbers more tightly: an extent beyond is damage, or numbers never written.
constexpr std::uint64_t most_numbers_per_byte = 1u << 20;

/// numpy's booleans, as h5py writes them: an enumeration of FALSE and TRUE.
bool is_boolean(const H5::DataSet& dataset) {
  if (dataset.getTypeClass() != H5T_ENUM) return false;
  const H5::EnumType type = dataset.getEnumType();
  return type.getNmembers() == 2 && type.getSize() == 1;
}

template <class T>
const H5::PredType& memory_type() {
  if constexpr (std::is_same_v<T, std::uint8_t>) return H5::PredType::NATIVE_UINT8;
  if constexpr (std::is_same_v<T, std::int64_t>) return H5::PredType::NATIVE_INT64;
  if constexpr (std::is_same_v<T, std::uint64_t>) return H5::PredType::NATIVE_UINT64;
  if constexpr (std::is_same_v<T, float>) return H5::PredType::NATIVE_FLOAT;
  return H5::PredType::NATIVE_DOUBLE;
}

/// A dataset whose items are read a few at a time.
struct NumbersOfDataset {
  const H5::DataSet& dataset;
  std::string name;  ///< of file and dataset, for messages
  std::vector<Index> shape;
  std::size_t count;

  template <class T>
  Array read_as(Array::Numbers smallest) const {
    ArrayBuilder builder(std::move(smallest), count);
    const auto items = static_cast<std::size_t>(shape[0]);
    const std::size_t item_size = count / items;
    const std::size_t step = std::clamp<std::size_t>((1u << 16) / item_size, 1, items);
    std::vector<T> numbers;
    std::vector<hsize_t> first(shape.size(), 0), extents(shape.begin(), shape.end());
    for (std::size_t done = 0; done < items; done += extents[0]) {
      first[0] = done;
      extents[0] = std::min(step, items - done);
      H5::DataSpace place = dataset.getSpace();
      place.selectHyperslab(H5S_SELECT_SET, extents.data(), first.data());
      const H5::DataSpace memory(static_cast<int>(extents.size()), extents.data());
      numbers.resize(extents[0] * item_size);
      dataset.read(numbers.data(), read_type<T>(), memory, place);
      const std::span<const T> span(numbers);
      if (const auto bad = unusable(span))
        throw Error(name + subscript_text(shape, done * item_size + bad->index) + ": " + bad->text);
      builder.append(span);
    }
    return std::move(builder).array(shape);
  }

  template <class T>
  H5::DataType read_type() const {
    if (dataset.getTypeClass() == H5T_ENUM) return dataset.getEnumType();
    return memory_type<T>();
  }
};

Array array_of_dataset(const std::filesystem::path& path, const std::string& name) {
  const H5::H5File file = open_to_read(path);
  const auto fail = [&](const std::string& found) {
    throw Error(path.string() + ":" + name +
                ": expected a dataset of numbers with one axis or more, got " + found + "; " +
                list_datasets(file));
  };
  const H5::DataSet dataset = open_dataset(file, name, fail);
  const H5::DataSpace space = dataset.getSpace();
  const int axes = space.isSimple() ? space.getSimpleExtentNdims() : 0;
  if (axes < 1) fail(extents_text(space));
  if (!is_number(dataset) && !is_boolean(dataset)) fail("a dataset whose elements are no numbers");
  std::vector<hsize_t> extents(static_cast<std::size_t>(axes));
  space.getSimpleExtentDims(extents.data());
  std::uint64_t count = 1;
  bool fits = true;
  for (const hsize_t extent : extents) fits &= !__builtin_mul_overflow(count, extent, &count);
  if (fits && count == 0) fail("one without any: " + extents_text(space));
  if (!fits || count / most_numbers_per_byte > std::filesystem::file_size(path))
    fail("one of " + extents_text(space) + " numbers in a file of " +
         std::to_string(std::filesystem::file_size(path)) + " bytes");

  const NumbersOfDataset numbers{
      dataset, path.string() + ":" + name, {extents.begin(), extents.end()}, count};
  const std::size_t bytes = dataset.getDataType().getSize();
  if (dataset.getTypeClass() == H5T_FLOAT) {
    if (bytes > sizeof(double)) fail("reals of " + std::to_string(bytes) + " bytes");
    if (bytes > sizeof(float)) return numbers.read_as<double>(std::vector<double>());
    return numbers.read_as<float>(std::vector<float>());
  }
  if (bytes > sizeof(std::int64_t)) fail("integers of " + std::to_string(bytes) + " bytes");
  const bool is_signed = is_number(dataset) && dataset.getIntType().getSign() != H5T_SGN_NONE;
  if (bytes == 1 && !is_signed) return numbers.read_as<std::uint8_t>(std::vector<std::uint8_t>());
  if (is_signed) return numbers.read_as<std::int64_t>(std::vector<std::uint8_t>());
  return numbers.read_as<std::uint64_t>(std::vector<std::uint8_t>());
}

std::string bytes_text(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes.substr(0, 8)) {
    char one[8];
    std::snprintf(one, sizeof one, " %02x",
                  static_cast<unsigned>(static_cast<unsigned char>(byte)));
    text += one;
  }
  return text;
}

bool looks_like_text(std::string_view start) {
  return std::none_of(start.begin(), start.end(), [](char c) {
    return static_cast<unsigned char>(c) < ' ' && c != '\t' && c != '\n' && c != '\r';
  });
}

/// Of a file that is not HDF5.
Array read_stream(const std::filesystem::path& file, ByteStream stream) {
  const std::string_view start = stream.start();
  if (is_zip_archive(start)) return read_stream(file, {file, read_content(file)});
  if (start.empty()) stream.fail(0, "expected an IDX, NPY, HDF5 or CSV file, got an empty one");
  if (start.starts_with(std::string_view("\0\0", 2))) return read_idx_array(stream);
  if (start.starts_with("\x93NUMPY")) return read_npy_array(stream);
  if (!looks_like_text(start))
    stream.fail(0,
                "expected the magic number of an IDX file (00 00, type, axes), of an NPY file (93 "
                "4e 55 4d 50 59), of an HDF5 file (89 48 44 46), or text, got the bytes" +
                    bytes_text(start));
  return text_array(file, read_content(file));
}

}  // namespace

Array read_array(const std::filesystem::path& file, const std::string& dataset) {
  if (!is_hdf5(file)) {
    if (dataset.empty()) return read_stream(file, ByteStream(file));
    throw Error(file.string() + ": expected an HDF5 file with the dataset \"" + dataset +
                "\", got a file of another kind");
  }
  try {
    if (!dataset.empty()) return array_of_dataset(file, dataset);
    throw Error(file.string() + ": expected the name of a dataset behind the file (\"" +
                file.filename().string() + ":dataset\"), got none; " +
                list_datasets(open_to_read(file)));
  } catch (const H5::Exception& exception) {
    throw Error(file.string() + ": cannot be read: HDF5 says " + reason_of(exception));
  }
}

}  // namespace elbow
