#pragma once

#include <elbow/types.hpp>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace elbow {

/// A group of columns over one dimension, as `CellWriter::rows` wrote it.
struct TraceTable {
  Eigen::VectorXd coordinate;
  std::map<std::string, Eigen::VectorXd> columns;
};

/// One element of a variable, over all its draws.
struct MarginalMoments {
  std::string name;  ///< "theta[0, 2]", counted from 0; the variable's name for a scalar
  double mean, sd;   ///< NaN with a draw that is NaN; sd with divisor draws - 1
};

struct Marginals {
  std::vector<MarginalMoments> elements;  ///< the first ones asked for
  std::size_t total = 0;                  ///< that the group has
};

/// Absent when the file has no such group.
/// @param dimension  the name of the group's coordinate, e.g. "iteration"
/// @throws Error naming the file when it cannot be read.
std::optional<TraceTable> read_rows(const std::filesystem::path& cell_file,
                                    const std::string& group, const std::string& dimension);

/// One element of a variable in a group that `CellWriter::array` wrote.
struct NamedNumber {
  std::string name;  ///< as in MarginalMoments
  double value;
};

/// All numbers of a group; empty when the file has no such group.
/// @throws Error naming the file when it cannot be read.
std::vector<NamedNumber> read_numbers(const std::filesystem::path& cell_file,
                                      const std::string& group);

/// A vector or matrix of a group that `CellWriter::array` wrote.
struct StoredBlock {
  std::string name;
  Eigen::MatrixXd values;  ///< a vector is one column
};

/// All vectors and matrices of a group; empty when the file has no such group.
/// @throws Error naming the file when it cannot be read.
std::vector<StoredBlock> read_blocks(const std::filesystem::path& cell_file,
                                     const std::string& group);

/// Means and standard deviations of a group of draws, read in blocks: memory does not grow with the
/// number of draws. @param most  elements to read
/// @throws Error naming the file when it cannot be read.
Marginals read_marginals(const std::filesystem::path& cell_file, const std::string& group,
                         std::size_t most);

/// All draws of one element of a variable.
struct ChainDraws {
  std::string name;   ///< as in MarginalMoments
  Eigen::MatrixXd x;  ///< [draws x chains]  as long as the shortest chain
  Index walkers = 1;  ///< neighbouring chains that are one ensemble
};

/// A group of draws, in memory; nothing when the file has no such group.
/// @throws Error naming the file when it cannot be read.
std::vector<ChainDraws> read_draws(const std::filesystem::path& cell_file,
                                   const std::string& group);

}  // namespace elbow
