#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "record/hdf5.hpp"

namespace elbow {

/// Labels of named dimensions, by dimension.
using DimensionLabels = std::map<std::string, std::vector<std::string>>;

/// One group of a cell file. Every axis of its datasets has a dimension scale in the group itself,
/// with the coordinates as its values.
class GroupWriter {
 public:
  GroupWriter(const H5::Group& parent, const std::string& name, const DimensionLabels& labels);

  const H5::Group& group() const { return group_; }
  const std::string& name() const { return name_; }

  /// Claims the name of a dataset. @throws Error when it is empty, has a slash or is taken.
  void reserve(const std::string& dataset);
  /// The names of a variable's own axes; claims them with their extents.
  /// @throws Error when a name stands for two extents, or is a dataset's name, or its labels are
  /// not as many.
  std::vector<std::string> event_dimensions(const Variable& variable);
  /// A dimension whose extent is not known before the end.
  void growing_dimension(const std::string& dimension);
  void set_extent(const std::string& dimension, Index extent);
  /// A dataset that holds the coordinates of a dimension itself.
  void set_scale(const std::string& dimension, const H5::DataSet& scale);

  /// The dataset's axes are these dimensions.
  void axes(const H5::DataSet& dataset, std::vector<std::string> dimensions);

  /// Writes the coordinates and attaches them to the axes. Called once, when all extents are known.
  void finish();

 private:
  struct Dimension {
    std::string name;
    Index extent = -1;  ///< -1: not known yet
    bool has_scale = false;
    H5::DataSet scale;
  };
  struct Axes {
    H5::DataSet dataset;
    std::vector<std::string> dimensions;
  };

  Dimension& dimension(const std::string& name);
  void write_coordinates(Dimension& dimension);
  void attach_scales();

  std::string name_;
  H5::Group group_;
  const DimensionLabels& labels_;
  std::set<std::string> datasets_;
  std::vector<Dimension> dimensions_;
  std::vector<Axes> axes_;
};

}  // namespace elbow
