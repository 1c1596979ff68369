#pragma once

#include <elbow/types.hpp>
#include <vector>

namespace elbow {

/// Whether the ranks of simulation-based calibration are uniform on 0 ... L, as they are when the
/// draws are of the posterior (Talts et al. 2018).
struct Uniformity {
  std::vector<Index> histogram;  ///< counts of ranks in bins of nearly equal width
  double chi_square_p;           ///< of the histogram
  /// Of the largest deviation of the ranks' distribution function from the uniform one, pointwise
  /// in units of its chance: the p-value of simultaneous confidence bands (Sailynoja, Burkner &
  /// Vehtari 2022, section 2). It sees shifts and curvatures that bins hide.
  double ecdf_p;
};

/// @param ranks  each in 0 ... `draws`, independent of each other
/// @param draws  L
/// @return NaN for the p-values of fewer than two ranks
Uniformity uniformity(const std::vector<Index>& ranks, Index draws);

}  // namespace elbow
