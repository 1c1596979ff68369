#pragma once

#include <H5Cpp.h>

#include <cstdint>
#include <elbow/types.hpp>
#include <string>
#include <vector>

namespace elbow {

/// The type of every string in our files: variable length, UTF-8 (netCDF4 crashes on others).
const H5::StrType& text_type();
/// Keeps HDF5 from printing its error stack.
void silence_hdf5();
/// What HDF5 found first, where its error stack still has it, and what it was to do.
std::string reason_of(const H5::Exception& exception);

void write_attribute(const H5::H5Object& object, const char* name, const std::string& value);
void write_attribute(const H5::H5Object& object, const char* name, double value);
void write_attribute(const H5::H5Object& object, const char* name, std::int64_t value);
/// The attributes `unit` and `help`, each where it is not empty.
void describe(const H5::DataSet& dataset, const std::string& unit, const std::string& help);

/// Whether its elements are real or whole numbers.
bool is_number(const H5::DataSet& dataset);

/// A dataset of texts with one axis.
H5::DataSet write_texts(const H5::Group& group, const std::string& name,
                        const std::vector<std::string>& texts);

/// Creates a file that HDF5 1.10 and later read. @param access  where to
H5::H5File create_file(const std::string& name, H5::FileAccPropList access);
/// Groups remember the order of their members and have no time stamps.
H5::Group create_group(const H5::Group& parent, const std::string& name);
/// Datasets have no time stamps, and are contiguous or made of chunks; these may be compressed with
/// shuffle and deflate.
const H5::DSetCreatPropList& plain_dataset();
H5::DSetCreatPropList chunked_dataset(const std::vector<hsize_t>& chunk, bool compressed);
inline constexpr unsigned deflate_level = 1;

std::vector<hsize_t> extents(const std::vector<Index>& shape);
/// For every element of a variable in column-major order, its place in C order; empty where the two
/// orders are the same.
std::vector<Index> c_order(const std::vector<Index>& shape);

}  // namespace elbow
