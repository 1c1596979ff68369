#pragma once

#include <H5Cpp.h>

#include <cstdint>
#include <elbow/types.hpp>
#include <string>
#include <vector>

namespace elbow {

/// The type of every string in our files: variable length, UTF-8 (netCDF4 crashes on others).
const H5::StrType& text_type();
/// Keeps HDF5 from printing its error stack; its exceptions say enough.
void silence_hdf5();

void write_attribute(const H5::H5Object& object, const char* name, const std::string& value);
void write_attribute(const H5::H5Object& object, const char* name, double value);
void write_attribute(const H5::H5Object& object, const char* name, std::int64_t value);

/// Groups remember the order of their members and have no time stamps.
H5::Group create_group(const H5::Group& parent, const std::string& name);
/// Properties that every dataset starts from: no time stamps.
H5::DSetCreatPropList dataset_properties();

std::vector<hsize_t> extents(const std::vector<Index>& shape);
/// For every element of a variable in column-major order, its place in C order; empty where the two
/// orders are the same.
std::vector<Index> c_order(const std::vector<Index>& shape);

}  // namespace elbow
