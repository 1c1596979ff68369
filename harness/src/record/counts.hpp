#pragma once

#include <string>

#include "record/hdf5.hpp"

namespace elbow {

/// A dataset of the numbers 0 ... extent-1 (int64; int32 when there are none), the coordinates of a
/// dimension without labels. Long ones are compressed to a hundredth of their size.
H5::DataSet write_counts(const H5::Group& group, const std::string& name, Index extent);

}  // namespace elbow
