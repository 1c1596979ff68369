#pragma once

#include <elbow/option.hpp>
#include <filesystem>
#include <string>

namespace elbow {

/// Reads a table from a text file (see read_text_table), a JSON file of named arrays (see
/// json_table), plain or compressed, or, when `dataset` names one, from an HDF5
/// file: a dataset with one or two axes of integers or reals. Its first axis, as numpy and h5py
/// show it, is the rows; one axis is one column. Columns are called "1", "2", ...
/// @throws Error naming the file, and the datasets that it has when `dataset` is not a table of
/// numbers; every number must be finite.
Table read_table(const std::filesystem::path& file, const std::string& dataset = "");

/// Whether a file begins as HDF5 files do. @throws Error when it cannot be read.
bool is_hdf5(const std::filesystem::path& file);

}  // namespace elbow
