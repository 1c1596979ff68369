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
#include "record/named_dataset.hpp"

namespace elbow {
namespace {

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
  const H5::DataSet dataset = open_dataset(file, name, fail);
  const H5::DataSpace space = dataset.getSpace();
  const int axes = space.isSimple() ? space.getSimpleExtentNdims() : 0;
  if (axes < 1 || axes > 2) fail(extents_text(space));
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
    throw Error(file.string() + ": cannot be read: HDF5 says " + reason_of(exception));
  }
}

}  // namespace elbow
