#include "record/group_writer.hpp"

#include <hdf5_hl.h>

#include <algorithm>
#include <charconv>
#include <elbow/error.hpp>
#include <optional>

#include "record/counts.hpp"

namespace elbow {
namespace {

/// An entry of a scale's attribute REFERENCE_LIST, as the dimension-scale specification lays it
/// out.
struct ScaleUser {
  hobj_ref_t dataset;
  unsigned axis;
  unsigned padding = 0;  ///< named, so that no chance bytes get into the file
};

const H5::CompType& scale_user_type() {
  static const H5::CompType type = [] {
    H5::CompType compound(sizeof(ScaleUser));
    compound.insertMember("dataset", HOFFSET(ScaleUser, dataset), H5::PredType::STD_REF_OBJ);
    compound.insertMember("dimension", HOFFSET(ScaleUser, axis), H5::PredType::NATIVE_INT);
    return compound;
  }();
  return type;
}

/// An element of a dataset's attribute DIMENSION_LIST: the scales of one axis.
const H5::VarLenType& scale_list_type() {
  static const H5::VarLenType type(H5::PredType::STD_REF_OBJ);
  return type;
}

/// Labels as numbers, where all of them are integers as one writes them.
std::optional<std::vector<std::int64_t>> integers(const std::vector<std::string>& labels) {
  std::vector<std::int64_t> numbers;
  for (const std::string& label : labels) {
    std::int64_t& number = numbers.emplace_back();
    std::from_chars(label.data(), label.data() + label.size(), number);
    if (std::to_string(number) != label) return {};
  }
  return numbers;
}

H5::DataSet write_labels(const H5::Group& group, const std::string& name,
                         const std::vector<std::string>& labels) {
  const auto numbers = integers(labels);
  if (!numbers || numbers->empty()) return write_texts(group, name, labels);
  const hsize_t extent = numbers->size();
  H5::DataSet set = group.createDataSet(name, H5::PredType::STD_I64LE, H5::DataSpace(1, &extent),
                                        plain_dataset());
  set.write(numbers->data(), H5::PredType::NATIVE_INT64);
  return set;
}

}  // namespace

GroupWriter::GroupWriter(const H5::Group& parent, const std::string& name,
                         const DimensionLabels& labels)
    : name_(name), labels_(labels) {
  if (name.empty() || name == "." || name.find('/') != std::string::npos)
    throw Error("a group needs a name without slashes, got \"" + name + "\"");
  group_ = create_group(parent, name);
}

void GroupWriter::reserve(const std::string& dataset) {
  if (dataset.empty() || dataset == "." || dataset.find('/') != std::string::npos)
    throw Error(name_ + ": a variable needs a name without slashes, got \"" + dataset + "\"");
  const bool is_dimension =
      std::any_of(dimensions_.begin(), dimensions_.end(),
                  [&](const Dimension& known) { return known.name == dataset; });
  if (is_dimension)
    throw Error(name_ + ": the variable \"" + dataset + "\" has the name of a dimension");
  if (!datasets_.insert(dataset).second)
    throw Error(name_ + ": there are two variables with the name \"" + dataset + "\"");
}

GroupWriter::Dimension& GroupWriter::dimension(const std::string& name) {
  for (Dimension& known : dimensions_)
    if (known.name == name) return known;
  if (datasets_.count(name) != 0)
    throw Error(name_ + ": the variable \"" + name + "\" has the name of a dimension");
  if (name.empty() || name == "." || name.find('/') != std::string::npos)
    throw Error(name_ + ": a dimension needs a name without slashes, got \"" + name + "\"");
  return dimensions_.emplace_back(Dimension{name, -1, false, {}});
}

void GroupWriter::growing_dimension(const std::string& name) { dimension(name); }

void GroupWriter::set_extent(const std::string& name, Index extent) {
  Dimension& known = dimension(name);
  if (known.extent >= 0 && known.extent != extent)
    throw Error(name_ + ": the dimension \"" + name + "\" has " + std::to_string(known.extent) +
                " elements in one variable and " + std::to_string(extent) + " in another");
  known.extent = extent;
  const auto labels = labels_.find(name);
  if (labels != labels_.end() && labels->second.size() != static_cast<std::size_t>(extent))
    throw Error(name_ + ": the dimension \"" + name + "\" has " + std::to_string(extent) +
                " elements but " + std::to_string(labels->second.size()) + " labels");
}

std::vector<std::string> GroupWriter::event_dimensions(const Variable& variable) {
  if (!variable.dims.empty() && variable.dims.size() != variable.shape.size())
    throw Error(name_ + ": the variable \"" + variable.name + "\" has " +
                std::to_string(variable.shape.size()) + " axes but names for " +
                std::to_string(variable.dims.size()));
  std::vector<std::string> names = variable.dims;
  for (std::size_t axis = names.size(); axis < variable.shape.size(); ++axis)
    names.push_back(variable.name + "_dim_" + std::to_string(axis));
  for (std::size_t axis = 0; axis < names.size(); ++axis)
    set_extent(names[axis], variable.shape[axis]);
  return names;
}

void GroupWriter::set_scale(const std::string& name, const H5::DataSet& scale) {
  Dimension& known = dimension(name);
  known.scale = scale;
  known.has_scale = true;
}

void GroupWriter::axes(const H5::DataSet& dataset, std::vector<std::string> dimensions) {
  axes_.push_back({dataset, std::move(dimensions)});
}

void GroupWriter::write_coordinates(Dimension& dimension) {
  if (!dimension.has_scale) {
    const auto labels = labels_.find(dimension.name);
    dimension.scale =
        labels == labels_.end()
            ? write_counts(group_, dimension.name, std::max<Index>(dimension.extent, 0))
            : write_labels(group_, dimension.name, labels->second);
    dimension.has_scale = true;
  }
  if (H5DSset_scale(dimension.scale.getId(), dimension.name.c_str()) < 0)
    throw H5::DataSetIException("H5DSset_scale", "failed for \"" + dimension.name + "\"");
}

void GroupWriter::finish() {
  for (Dimension& known : dimensions_) write_coordinates(known);
  attach_scales();
  axes_.clear();
  dimensions_.clear();
}

/// Does what H5DSattach_scale does, but each attribute is written once: that function rewrites a
/// scale's list of users at every call, which takes quadratic time in the number of variables.
void GroupWriter::attach_scales() {
  std::map<std::string, std::vector<ScaleUser>> users;
  for (const Axes& entry : axes_) {
    if (entry.dimensions.empty()) continue;
    hobj_ref_t self;
    entry.dataset.reference(&self, ".");
    std::vector<hobj_ref_t> scales(entry.dimensions.size());
    std::vector<hvl_t> lists;
    for (std::size_t axis = 0; axis < scales.size(); ++axis) {
      const std::string& name = entry.dimensions[axis];
      dimension(name).scale.reference(&scales[axis], ".");
      lists.push_back({1, &scales[axis]});
      users[name].push_back({self, static_cast<unsigned>(axis)});
    }
    const hsize_t count = lists.size();
    entry.dataset.createAttribute("DIMENSION_LIST", scale_list_type(), H5::DataSpace(1, &count))
        .write(scale_list_type(), lists.data());
  }
  for (const auto& [name, list] : users) {
    const hsize_t count = list.size();
    dimension(name)
        .scale.createAttribute("REFERENCE_LIST", scale_user_type(), H5::DataSpace(1, &count))
        .write(scale_user_type(), list.data());
  }
}

}  // namespace elbow
