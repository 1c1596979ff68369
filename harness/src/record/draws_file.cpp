#include "record/draws_file.hpp"

#include <hdf5_hl.h>

#include <cmath>
#include <elbow/error.hpp>

#include "data/file_content.hpp"
#include "data/json_file.hpp"
#include "record/cell_reader.hpp"
#include "record/hdf5.hpp"
#include "record/table.hpp"

namespace elbow {
namespace {

constexpr Index fewest_draws = 4;

std::vector<std::string> members(const H5::Group& group) {
  std::vector<std::string> names;
  for (hsize_t i = 0; i < group.getNumObjs(); ++i) names.push_back(group.getObjnameByIdx(i));
  return names;
}

bool is_dataset(const H5::Group& group, const std::string& name) {
  return group.childObjType(name) == H5O_TYPE_DATASET;
}

bool is_scale(const H5::DataSet& dataset) { return H5DSis_scale(dataset.getId()) > 0; }

/// Collects the draws of one group.
class DrawsGroup {
 public:
  DrawsGroup(const std::filesystem::path& file, std::string group)
      : file_(file), group_(std::move(group)) {}

  void add(const std::string& name, const H5::DataSet& dataset) {
    const H5::DataSpace space = dataset.getSpace();
    const int axes = space.isSimple() ? space.getSimpleExtentNdims() : 0;
    if (axes < 1 || (axes < 2 && !group_.empty()))
      fail(name, "expected the axes (chain, draw, ...), got " + std::to_string(axes));
    std::vector<hsize_t> shape(std::size_t(axes), 0);
    space.getSimpleExtentDims(shape.data());
    if (axes == 1) shape.insert(shape.begin(), 1);
    if (draws_.chains.empty()) {
      draws_.chains.resize(shape[0]);
      first_ = name;
      length_ = Index(shape[1]);
    } else if (shape[0] != draws_.chains.size() || Index(shape[1]) != length_) {
      fail(name, "expected " + std::to_string(draws_.chains.size()) + " chains of " +
                     std::to_string(length_) + " draws as in " + first_ + ", got " +
                     std::to_string(shape[0]) + " of " + std::to_string(shape[1]));
    }
    const std::vector<Index> event(shape.begin() + 2, shape.end());
    for (std::string& element : element_names(name, event)) draws_.names.push_back(element);
    append(name, dataset, event);
  }

  NamedDraws take() { return std::move(draws_); }

 private:
  [[noreturn]] void fail(const std::string& name, const std::string& message) const {
    throw Error(file_.string() + ":" + (group_.empty() ? "" : group_ + "/") + name + ": " +
                message);
  }

  void append(const std::string& name, const H5::DataSet& dataset,
              const std::vector<Index>& event) {
    const Index size = Variable{name, event, {}, ""}.size();
    std::vector<double> numbers(draws_.chains.size() * std::size_t(length_ * size));
    if (!numbers.empty()) dataset.read(numbers.data(), H5::PredType::NATIVE_DOUBLE);
    const std::vector<Index> order = c_order(event);
    const double* at = numbers.data();
    for (std::size_t chain = 0; chain < draws_.chains.size(); ++chain) {
      Eigen::MatrixXd& to = draws_.chains[chain];
      const Index before = to.cols();
      to.conservativeResize(length_, before + size);
      for (Index i = 0; i < length_; ++i, at += size)
        for (Index k = 0; k < size; ++k) {
          const double value = at[order.empty() ? k : order[std::size_t(k)]];
          if (!std::isfinite(value))
            fail(name + "[chain " + std::to_string(chain) + ", draw " + std::to_string(i) + "]",
                 "expected a finite number, got " + std::to_string(value));
          to(i, before + k) = value;
        }
    }
  }

  const std::filesystem::path& file_;
  std::string group_, first_;
  Index length_ = 0;
  NamedDraws draws_;
};

NamedDraws hdf5_draws(const std::filesystem::path& path) {
  const H5::H5File file = open_to_read(path);
  const H5::Group root = file.openGroup("/");
  const bool has_group = root.nameExists("posterior") && !is_dataset(root, "posterior");
  const H5::Group group = has_group ? root.openGroup("posterior") : root;
  if (group.attrExists("chain_lengths"))
    throw Error(path.string() +
                ":posterior: its chains have different lengths: the run that wrote "
                "it was cut off");
  DrawsGroup draws(path, has_group ? "posterior" : "");
  std::string others;
  for (const std::string& name : members(group)) {
    if (!is_dataset(group, name)) {
      others += (others.empty() ? "" : ", ") + name;
      continue;
    }
    const H5::DataSet dataset = group.openDataSet(name);
    if (is_number(dataset) && !is_scale(dataset)) draws.add(name, dataset);
  }
  NamedDraws result = draws.take();
  if (result.chains.empty())
    throw Error(path.string() + ": expected a group posterior, or datasets of draws at the root" +
                (has_group        ? "; the group posterior has none"
                 : others.empty() ? "; the file has neither"
                                  : "; the file has the groups " + others));
  return result;
}

}  // namespace

NamedDraws read_draws(const std::filesystem::path& file) {
  NamedDraws draws;
  if (is_hdf5(file)) {
    try {
      draws = hdf5_draws(file);
    } catch (const H5::FileIException&) {
      throw Error(file.string() + ": cannot be read: the HDF5 file is cut off or damaged");
    } catch (const H5::Exception& exception) {
      throw Error(file.string() + ": cannot be read: HDF5 says " + reason_of(exception));
    }
  } else {
    const std::string content = read_content(file);
    draws = looks_like_json(content) ? json_draws(file, content) : csv_draws(file, content);
  }
  if (draws.chains.empty() || draws.chains.front().rows() < fewest_draws)
    throw Error(file.string() + ": expected at least " + std::to_string(fewest_draws) +
                " draws per chain, got " +
                std::to_string(draws.chains.empty() ? 0 : draws.chains.front().rows()));
  return draws;
}

}  // namespace elbow
