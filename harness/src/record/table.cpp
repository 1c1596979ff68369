#include "record/table.hpp"

#include <cerrno>
#include <cmath>
#include <cstring>
#include <elbow/error.hpp>
#include <fstream>
#include <string_view>

#include "data/file_content.hpp"
#include "data/json_file.hpp"
#include "data/json_table.hpp"
#include "data/text_table.hpp"
#include "record/cell_reader.hpp"
#include "record/hdf5.hpp"

namespace elbow {
namespace {

std::string shape_text(const H5::DataSpace& space) {
  std::vector<hsize_t> shape(static_cast<std::size_t>(space.getSimpleExtentNdims()));
  if (!shape.empty()) space.getSimpleExtentDims(shape.data());
  std::string text;
  for (hsize_t extent : shape) text += (text.empty() ? "" : " x ") + std::to_string(extent);
  return text.empty() ? "one value" : text;
}

/// The datasets of a file, with their shapes.
std::string list_datasets(const H5::H5File& file) {
  struct Listing {
    hid_t file;
    std::string text;
  } listing{file.getId(), ""};
  const auto visit = [](hid_t, const char* name, const H5O_info_t* info, void* out) -> herr_t {
    if (info->type != H5O_TYPE_DATASET) return 0;
    auto& list = *static_cast<Listing*>(out);
    const hid_t id = H5Dopen2(list.file, name, H5P_DEFAULT);
    if (id < 0) return 0;
    const H5::DataSet dataset(id);
    H5Dclose(id);
    list.text += (list.text.empty() ? "" : ", ") + std::string(name) + " (" +
                 shape_text(dataset.getSpace()) + (is_number(dataset) ? ")" : ", no numbers)");
    return 0;
  };
  H5Ovisit2(file.getId(), H5_INDEX_NAME, H5_ITER_INC, visit, &listing, H5O_INFO_BASIC);
  return listing.text.empty() ? "it has none" : "it has " + listing.text;
}

Eigen::MatrixXd read_numbers(const H5::DataSet& dataset, hsize_t rows, hsize_t columns) {
  Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> numbers(
      static_cast<Index>(rows), static_cast<Index>(columns));
  if (numbers.size() > 0) dataset.read(numbers.data(), H5::PredType::NATIVE_DOUBLE);
  return numbers;
}

Table read_dataset(const std::filesystem::path& path, const std::string& name) {
  const H5::H5File file = open_to_read(path);
  const auto fail = [&](const std::string& found) {
    throw Error(path.string() + ":" + name +
                ": expected a dataset of numbers with one or two axes, got " + found + "; " +
                list_datasets(file));
  };
  const hid_t object = H5Oopen(file.getId(), name.c_str(), H5P_DEFAULT);
  if (object < 0) fail("no such dataset");
  const H5I_type_t type = H5Iget_type(object);
  H5Oclose(object);
  if (type != H5I_DATASET) fail("a group");

  const H5::DataSet dataset = file.openDataSet(name);
  const H5::DataSpace space = dataset.getSpace();
  const int axes = space.isSimple() ? space.getSimpleExtentNdims() : 0;
  if (axes < 1 || axes > 2) fail(shape_text(space));
  if (!is_number(dataset)) fail("a dataset whose elements are no numbers");
  hsize_t shape[2] = {0, 1};
  space.getSimpleExtentDims(shape);

  Table table;
  table.values = read_numbers(dataset, shape[0], shape[1]);
  for (hsize_t column = 1; column <= shape[1]; ++column)
    table.columns.push_back(std::to_string(column));
  for (Index column = 0; column < table.values.cols(); ++column)
    for (Index row = 0; row < table.values.rows(); ++row)
      if (!std::isfinite(table.values(row, column)))
        throw Error(path.string() + ":" + name + "[" + std::to_string(row) + ", " +
                    std::to_string(column) + "]: expected a finite number, got " +
                    std::to_string(table.values(row, column)));
  return table;
}

}  // namespace

bool is_hdf5(const std::filesystem::path& file) {
  std::error_code ignored;
  if (std::filesystem::is_fifo(file, ignored))
    throw Error(file.string() + ": cannot be read: it is not a regular file");
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw Error(file.string() + ": cannot be read: " + std::strerror(errno));
  char start[4] = {};
  stream.read(start, sizeof start);
  return std::string_view(start, sizeof start) == "\x89HDF";
}

Table read_table(const std::filesystem::path& file, const std::string& dataset) {
  const bool binary = is_hdf5(file);
  if (!binary && dataset.empty()) {
    const std::string content = read_content(file);
    return looks_like_json(content) ? json_table(file, content) : text_table(file, content);
  }
  if (!binary)
    throw Error(file.string() + ": expected an HDF5 file with the dataset \"" + dataset +
                "\", got a file of another kind");
  try {
    if (!dataset.empty()) return read_dataset(file, dataset);
    throw Error(file.string() + ": expected the name of a dataset behind the file (\"" +
                file.filename().string() + ":dataset\"), got none; " +
                list_datasets(open_to_read(file)));
  } catch (const H5::Exception& exception) {
    throw Error(file.string() + ": cannot be read: HDF5 says " + exception.getDetailMsg());
  }
}

}  // namespace elbow
