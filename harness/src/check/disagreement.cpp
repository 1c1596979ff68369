#include "check/disagreement.hpp"

#include <cmath>
#include <cstring>
#include <elbow/error.hpp>

namespace elbow::check {
namespace {

double difference(double found, double expected) {
  if (found == expected) return 0;
  const double gap = std::abs(found - expected);
  return std::isnan(gap) ? INFINITY : gap;
}

}  // namespace

Disagreement worst_disagreement(Draws found, Draws expected, Draws tolerance) {
  if (found.rows() != expected.rows() || found.cols() != expected.cols())
    throw Error(say("a block of ", expected.rows(), " x ", expected.cols(), " was expected, got ",
                    found.rows(), " x ", found.cols()));
  Disagreement worst;
  worst.ratio = -1;
  for (Index column = 0; column < found.cols(); ++column)
    for (Index row = 0; row < found.rows(); ++row) {
      const double allowed = tolerance(row, column);
      const double ratio = difference(found(row, column), expected(row, column)) / allowed;
      if (ratio > worst.ratio)
        worst = {ratio, found(row, column), expected(row, column), allowed, row, column};
    }
  return worst;
}

Disagreement worst_disagreement(Draws found, Draws expected, double relative) {
  Eigen::MatrixXd tolerance(expected.rows(), expected.cols());
  for (Index column = 0; column < expected.cols(); ++column) {
    double scale = 1;
    for (Index row = 0; row < expected.rows(); ++row)
      if (std::isfinite(expected(row, column)))
        scale = std::max(scale, std::abs(expected(row, column)));
    tolerance.col(column).setConstant(relative * scale);
  }
  return worst_disagreement(found, expected, tolerance);
}

bool same_bits(Draws a, Draws b) {
  if (a.rows() != b.rows() || a.cols() != b.cols()) return false;
  for (Index column = 0; column < a.cols(); ++column)
    if (std::memcmp(a.col(column).data(), b.col(column).data(),
                    sizeof(double) * std::size_t(a.rows())) != 0)
      return false;
  return true;
}

Outcome judge(const Disagreement& worst, const std::string& row_name) {
  const double gap = difference(worst.found, worst.expected);
  std::string text = say("worst difference ", gap, " (tolerance ", worst.tolerance, ")");
  if (!worst.none())
    text += say(" in ", row_name, " ", worst.row, ", column ", worst.column, ": found ",
                worst.found, ", expected ", worst.expected);
  return {worst.none() ? Verdict::passed : Verdict::failed, text};
}

}  // namespace elbow::check
