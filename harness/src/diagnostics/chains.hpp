#pragma once

#include <elbow/types.hpp>

namespace elbow {

/// Cuts each chain in two halves; the middle draw of an odd chain is left out.
/// @param x  [n x chains]
/// @return   [floor(n/2) x 2 chains]  first halves, then second halves; x itself when n = 1
Eigen::MatrixXd split_chains(Draws x);

/// Normal scores of the ranks of all elements: Phi^-1((rank - 3/8) / (S + 1/4)), ties averaged.
/// Infinities are ranked; with a NaN anywhere all scores are NaN.
/// @param x  [n x chains], S = n chains
/// Source: Vehtari et al. 2021, section 4.1.
Eigen::MatrixXd rank_normalise(Draws x);

/// The p-quantile of all elements, interpolated linearly between order statistics (type 7 of
/// Hyndman & Fan 1996). NaN when x is empty or has a NaN. @pre 0 <= p <= 1
double quantile(Draws x, double p);
/// The same of numbers in ascending order, at least one and none NaN.
double sorted_quantile(Vector sorted, double p);

/// The mean of each column. [1 x chains]  Summed twice, the second time around the first mean, so
/// that draws far from zero keep their digits.
Eigen::RowVectorXd chain_means(Draws x);

/// x less its first element: draws far from zero keep their digits in what only looks at
/// differences.
Eigen::MatrixXd from_first(Draws x);

/// |x - median(x)|, whose R-hat compares the chains' scales.
Eigen::MatrixXd fold(Draws x);

/// Whether an autocorrelation is undefined: a NaN, an infinity, or a range below 2.2e-16, which
/// R's `posterior` takes for a constant.
bool without_variation(Draws x);

}  // namespace elbow
