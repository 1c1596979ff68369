#pragma once

#include <elbow/types.hpp>
#include <string>
#include <vector>

#include "data/named_draws.hpp"

namespace elbow {

/// Reference draws in the order of a model's variables.
struct MatchedDraws {
  std::vector<Eigen::MatrixXd> chains;  ///< each [draws x C]; columns of NaN for what is missing
  std::string note;  ///< what is on one side only, where that is no error; may be empty
};

/// Finds the variables of a model among the draws of a file, by name and shape. Names that the
/// model has not are passed over and noted.
/// @param partial  whether variables may be missing in the file, which is then noted
/// @throws Error naming what each side has: a variable is missing, or of another shape there; with
/// `partial`, when all are missing.
MatchedDraws match_draws(NamedDraws draws, const std::vector<Variable>& variables, bool partial);

}  // namespace elbow
