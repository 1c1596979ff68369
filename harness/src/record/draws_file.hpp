#pragma once

#include <filesystem>

#include "data/named_draws.hpp"

namespace elbow {

/// Draws of a trusted run from a file, known by its content: posteriordb's JSON (see json_draws) or
/// a table (see csv_draws), plain, gzipped or zipped; or HDF5.
///
/// Of an HDF5 file (a cell's result, ArviZ's NetCDF4) the group `posterior` is read, where datasets
/// are (chain, draw, *event); without that group the datasets at its root, where one axis is draw,
/// and more are again (chain, draw, *event). Dimension scales are passed over.
/// @throws Error naming the file and the place: another structure, chains of different lengths,
/// numbers that are not finite, fewer than 4 draws per chain.
NamedDraws read_draws(const std::filesystem::path& file);

}  // namespace elbow
