#pragma once

#include <elbow/estimator.hpp>

#include "cell/ingredients.hpp"
#include "record/cell_writer.hpp"

namespace elbow {

/// Draws of a posterior of chosen items as what the model makes of them: group `completions`, the
/// means of p(x | z) for a few draws z of a method. Does nothing for other models.
class Completions {
 public:
  explicit Completions(const Ingredients& cell);

  Index draws_wanted() const { return wanted_; }
  /// @param z  [D]
  void add(Vector z);
  /// Writes those that have come.
  void write(CellWriter& writer) const;

 private:
  const ItemPosterior* posterior_;
  Index wanted_ = 0;
  std::vector<Eigen::MatrixXd> decoded_;  ///< each [item size x items]
};

/// From fresh draws of an approximation.
void complete_from_family(const Ingredients& cell, Family& q, CellWriter& writer);
/// From particles drawn by their weights.
void complete_from_particles(const Ingredients& cell, const Particles& particles,
                             CellWriter& writer);

}  // namespace elbow
