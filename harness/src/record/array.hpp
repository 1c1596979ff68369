#pragma once

#include <elbow/array.hpp>
#include <filesystem>
#include <string>

namespace elbow {

/// Reads an array from a file in the format of the MNIST files (IDX), of numpy.save (NPY) or a
/// table of text, all of them plain or compressed (gzip, zip), or, when `dataset` names one, from
/// an HDF5 file. The file's first bytes tell the format. Numbers keep their type where it is uint8,
/// float32 or float64, all others take the smallest of these that holds them exactly; all are
/// finite, and no axis is empty.
/// @throws Error naming the file, the byte or element, what was expected and what was found.
Array read_array(const std::filesystem::path& file, const std::string& dataset = "");

}  // namespace elbow
