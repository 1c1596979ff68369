#include "record/result_reader.hpp"

#include <hdf5_hl.h>

#include <algorithm>
#include <cmath>
#include <elbow/error.hpp>

#include "record/cell_reader.hpp"
#include "record/hdf5.hpp"

namespace elbow {
namespace {

constexpr hsize_t numbers_per_block = hsize_t{1} << 18;

std::vector<hsize_t> shape_of(const H5::DataSet& dataset) {
  const H5::DataSpace space = dataset.getSpace();
  std::vector<hsize_t> shape(std::size_t(space.getSimpleExtentNdims()));
  space.getSimpleExtentDims(shape.data());
  return shape;
}

/// The group's datasets in the order in which they were written.
template <class Visit>
void for_each_dataset(const H5::Group& group, Visit visit) {
  for (hsize_t i = 0; i < group.getNumObjs(); ++i) {
    char text[1024];
    if (H5Lget_name_by_idx(group.getId(), ".", H5_INDEX_CRT_ORDER, H5_ITER_INC, i, text,
                           sizeof text, H5P_DEFAULT) < 0)
      throw H5::GroupIException("H5Lget_name_by_idx", "the order of the members is not stored");
    const std::string name = text;
    if (group.childObjType(name) == H5O_TYPE_DATASET) visit(name, group.openDataSet(name));
  }
}

Eigen::VectorXd read_vector(const H5::DataSet& dataset) {
  Eigen::VectorXd values(Index(shape_of(dataset)[0]));
  if (values.size() > 0) dataset.read(values.data(), H5::PredType::NATIVE_DOUBLE);
  return values;
}

/// "theta[0, 2]" for an element in C order.
std::string element_name(const std::string& variable, const std::vector<hsize_t>& event,
                         hsize_t element) {
  if (event.empty()) return variable;
  std::string inside;
  for (std::size_t axis = event.size(); axis-- > 0;) {
    inside.insert(0, std::to_string(element % event[axis]) + (inside.empty() ? "" : ", "));
    element /= event[axis];
  }
  return variable + "[" + inside + "]";
}

/// Adds the moments of one variable [chain, draw, *event] to `marginals`.
void add_variable(const std::string& name, const H5::DataSet& dataset, std::size_t most,
                  Marginals& marginals) {
  const std::vector<hsize_t> shape = shape_of(dataset);
  const std::vector<hsize_t> event(shape.begin() + 2, shape.end());
  hsize_t size = 1;
  for (hsize_t extent : event) size *= extent;
  marginals.total += size;
  if (marginals.elements.size() >= most || size == 0) return;

  // Around the first draw of each element, so that means far from zero keep their digits.
  Eigen::ArrayXd origin, sum = Eigen::ArrayXd::Zero(Index(size)), squares = sum;
  const hsize_t rows = std::clamp<hsize_t>(numbers_per_block / size, 1, shape[1] + 1);
  std::vector<double> block;
  double count = 0;
  for (hsize_t chain = 0; chain < shape[0]; ++chain)
    for (hsize_t first = 0; first < shape[1]; first += rows) {
      std::vector<hsize_t> start(shape.size(), 0), extent = shape;
      start[0] = chain, extent[0] = 1;
      start[1] = first, extent[1] = std::min(rows, shape[1] - first);
      block.resize(extent[1] * size);
      H5::DataSpace file_space = dataset.getSpace();
      file_space.selectHyperslab(H5S_SELECT_SET, extent.data(), start.data());
      const hsize_t numbers = block.size();
      dataset.read(block.data(), H5::PredType::NATIVE_DOUBLE, H5::DataSpace(1, &numbers),
                   file_space);
      const Eigen::Map<const Eigen::ArrayXXd> draws(block.data(), Index(size), Index(extent[1]));
      if (count == 0) origin = draws.col(0);
      const Eigen::ArrayXXd shifted = draws.colwise() - origin;
      sum += shifted.rowwise().sum();
      squares += shifted.square().rowwise().sum();
      count += double(extent[1]);
    }
  for (hsize_t i = 0; i < size && marginals.elements.size() < most && count > 0; ++i) {
    const double shift = sum[Index(i)] / count;
    const double variance = (squares[Index(i)] - count * shift * shift) / (count - 1);
    marginals.elements.push_back({element_name(name, event, i), origin[Index(i)] + shift,
                                  std::sqrt(variance < 0 ? 0 : variance)});
  }
}

/// The draws of the shortest chain; all where the chains are of one length.
Index common_length(const H5::Group& group, Index longest) {
  if (!group.attrExists("chain_lengths")) return longest;
  const H5::Attribute attribute = group.openAttribute("chain_lengths");
  std::vector<std::int64_t> lengths(std::size_t(attribute.getSpace().getSimpleExtentNpoints()));
  attribute.read(H5::PredType::NATIVE_INT64, lengths.data());
  return std::min<Index>(longest, *std::min_element(lengths.begin(), lengths.end()));
}

/// Adds the elements of one variable [chain, draw, *event].
void add_draws(const std::string& name, const H5::Group& group, const H5::DataSet& dataset,
               std::vector<ChainDraws>& elements) {
  const std::vector<hsize_t> shape = shape_of(dataset);
  const std::vector<hsize_t> event(shape.begin() + 2, shape.end());
  Index size = 1;
  for (hsize_t extent : event) size *= Index(extent);
  const Index chains = Index(shape[0]), draws = Index(shape[1]);
  Eigen::MatrixXd all(size, draws * chains);
  if (all.size() == 0) return;
  dataset.read(all.data(), H5::PredType::NATIVE_DOUBLE);
  const Index length = common_length(group, draws);
  for (Index i = 0; i < size; ++i) {
    const Eigen::MatrixXd x = all.row(i).reshaped(draws, chains).topRows(length);
    elements.push_back({element_name(name, event, hsize_t(i)), x});
  }
}

template <class Read>
auto reading(const std::filesystem::path& file, Read read) {
  try {
    return read(open_to_read(file));
  } catch (const H5::Exception& exception) {
    throw Error(file.string() + ": expected a complete cell file, but HDF5 says " +
                exception.getDetailMsg());
  }
}

}  // namespace

std::optional<TraceTable> read_rows(const std::filesystem::path& cell_file,
                                    const std::string& group_name, const std::string& dimension) {
  return reading(cell_file, [&](const H5::H5File& file) -> std::optional<TraceTable> {
    if (!file.nameExists(group_name)) return {};
    const H5::Group group = file.openGroup(group_name);
    if (!group.nameExists(dimension)) return {};
    TraceTable table;
    table.coordinate = read_vector(group.openDataSet(dimension));
    for_each_dataset(group, [&](const std::string& name, const H5::DataSet& dataset) {
      if (name == dimension || !is_number(dataset)) return;
      const std::vector<hsize_t> shape = shape_of(dataset);
      if (shape.size() == 1 && Index(shape[0]) == table.coordinate.size())
        table.columns.emplace(name, read_vector(dataset));
    });
    return table;
  });
}

std::vector<NamedNumber> read_numbers(const std::filesystem::path& cell_file,
                                      const std::string& group_name) {
  return reading(cell_file, [&](const H5::H5File& file) {
    std::vector<NamedNumber> numbers;
    if (!file.nameExists(group_name)) return numbers;
    for_each_dataset(
        file.openGroup(group_name), [&](const std::string& name, const H5::DataSet& dataset) {
          if (H5DSis_scale(dataset.getId()) > 0 || !is_number(dataset)) return;
          const std::vector<hsize_t> shape = shape_of(dataset);
          std::vector<double> values(std::size_t(dataset.getSpace().getSimpleExtentNpoints()));
          if (values.empty()) return;
          dataset.read(values.data(), H5::PredType::NATIVE_DOUBLE);
          for (std::size_t i = 0; i < values.size(); ++i)
            numbers.push_back({element_name(name, shape, i), values[i]});
        });
    return numbers;
  });
}

std::vector<StoredBlock> read_blocks(const std::filesystem::path& cell_file,
                                     const std::string& group_name) {
  return reading(cell_file, [&](const H5::H5File& file) {
    std::vector<StoredBlock> blocks;
    if (!file.nameExists(group_name)) return blocks;
    for_each_dataset(
        file.openGroup(group_name), [&](const std::string& name, const H5::DataSet& dataset) {
          if (H5DSis_scale(dataset.getId()) > 0 || !is_number(dataset)) return;
          const std::vector<hsize_t> shape = shape_of(dataset);
          if (shape.empty() || shape.size() > 2) return;
          const Index rows = Index(shape[0]), cols = shape.size() == 2 ? Index(shape[1]) : 1;
          Eigen::MatrixXd in_c_order(cols, rows);
          if (in_c_order.size() > 0) dataset.read(in_c_order.data(), H5::PredType::NATIVE_DOUBLE);
          blocks.push_back({name, in_c_order.transpose()});
        });
    return blocks;
  });
}

std::vector<ChainDraws> read_draws(const std::filesystem::path& cell_file,
                                   const std::string& group_name) {
  return reading(cell_file, [&](const H5::H5File& file) {
    std::vector<ChainDraws> elements;
    if (!file.nameExists(group_name)) return elements;
    const H5::Group group = file.openGroup(group_name);
    for_each_dataset(group, [&](const std::string& name, const H5::DataSet& dataset) {
      if (H5DSis_scale(dataset.getId()) > 0 || !is_number(dataset)) return;
      if (shape_of(dataset).size() >= 2) add_draws(name, group, dataset, elements);
    });
    if (file.attrExists("walkers")) {
      std::int64_t walkers = 1;
      file.openAttribute("walkers").read(H5::PredType::NATIVE_INT64, &walkers);
      for (ChainDraws& element : elements) element.walkers = Index(walkers);
    }
    return elements;
  });
}

Marginals read_marginals(const std::filesystem::path& cell_file, const std::string& group_name,
                         std::size_t most) {
  return reading(cell_file, [&](const H5::H5File& file) {
    Marginals marginals;
    if (!file.nameExists(group_name)) return marginals;
    for_each_dataset(file.openGroup(group_name),
                     [&](const std::string& name, const H5::DataSet& dataset) {
                       // Coordinates are dimension scales; variables begin with (chain, draw).
                       if (H5DSis_scale(dataset.getId()) > 0 || !is_number(dataset)) return;
                       if (shape_of(dataset).size() >= 2)
                         add_variable(name, dataset, most, marginals);
                     });
    return marginals;
  });
}

}  // namespace elbow
