#pragma once

#include <H5Cpp.h>

#include <functional>
#include <string>

namespace elbow {

/// "3 x 2", or "one value".
std::string extents_text(const H5::DataSpace& space);
/// The datasets of a file, with their shapes.
std::string list_datasets(const H5::H5File& file);

/// @param fail  throws an Error that ends with what was found: "a group", "no such dataset"
H5::DataSet open_dataset(const H5::H5File& file, const std::string& name,
                         const std::function<void(const std::string& found)>& fail);

}  // namespace elbow
