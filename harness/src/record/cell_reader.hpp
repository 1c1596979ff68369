#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "record/hdf5.hpp"

namespace elbow {

/// Opens a finished file without locks: files are complete from the moment they have their name.
/// @throws H5::FileIException
H5::H5File open_to_read(const std::filesystem::path& file);

/// @throws Error naming the attribute when it is missing or not of the type.
std::string read_text_attribute(const H5::H5Object& object, const std::string& name);
std::string text_attribute_or_empty(const H5::H5Object& object, const std::string& name);
double read_real_attribute(const H5::H5Object& object, const std::string& name);
std::int64_t read_integer_attribute(const H5::H5Object& object, const std::string& name);

/// A dataset of texts with one axis.
std::vector<std::string> read_texts(const H5::Group& group, const std::string& name);

}  // namespace elbow
