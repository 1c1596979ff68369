#pragma once

#include <elbow/types.hpp>

#include "check/finding.hpp"

namespace elbow::check {

/// The entry of two blocks that differs most in units of its tolerance. Equal infinities agree; a
/// NaN agrees with nothing.
struct Disagreement {
  double ratio = 0;  ///< |found - expected| / tolerance; above 1 is too much
  double found = 0, expected = 0, tolerance = 0;
  Index row = 0, column = 0;
  bool none() const { return ratio <= 1; }
};

/// @param tolerance  one for every entry, positive
Disagreement worst_disagreement(Draws found, Draws expected, Draws tolerance);

/// The tolerance is `relative` times the larger of 1 and the largest finite |expected| of the
/// column.
Disagreement worst_disagreement(Draws found, Draws expected, double relative);

/// Whether two blocks hold the same bits.
bool same_bits(Draws a, Draws b);

/// "worst difference 1e-12 (tolerance 1e-9) in row 3, column 0: found 1, expected 2"
Outcome judge(const Disagreement& worst, const std::string& row_name = "row");

}  // namespace elbow::check
