#pragma once

#include <elbow/types.hpp>
#include <filesystem>
#include <string>
#include <vector>

namespace elbow {

/// Draws of some posterior by the names of their numbers.
struct NamedDraws {
  std::vector<std::string> names;       ///< as `element_name` writes them
  std::vector<Eigen::MatrixXd> chains;  ///< each [draws x names], all of one length
};

/// One way to write the name of a variable's element, counted from 1: `theta[1]` for "theta.1" and
/// "theta[ 1 ]", `x[1,2]` for "x.1.2". Other names stay as they are.
std::string element_name(const std::string& text);

/// The elements of a variable in column-major order: `x[1,1]`, `x[2,1]`, ...; of a scalar its name.
std::vector<std::string> element_names(const std::string& variable,
                                       const std::vector<Index>& shape);

/// Draws from JSON as posteriordb has them: a list of chains, each an object of name -> list of
/// numbers; or one such object.
/// @throws Error naming the file and the place: another structure, chains of different names or
/// lengths, anything that is not a finite number.
NamedDraws json_draws(const std::filesystem::path& file, const std::string& content);

/// Draws of one chain from a table with a header, as CmdStan and others write it; what CmdStan adds
/// to the draws (lp__, accept_stat__, ...) is left out. @throws Error as `read_text_table` does
NamedDraws csv_draws(const std::filesystem::path& file, const std::string& content);

}  // namespace elbow
