#pragma once

#include <elbow/estimator.hpp>
#include <vector>

#include "cell/ingredients.hpp"
#include "record/cell_writer.hpp"

namespace elbow {

/// The ranks of the parameters that the data came from among L draws of a method, for simulation-
/// based calibration (Talts et al. 2018, algorithm 1). Ties are broken at random. Does nothing in
/// a cell of another kind of experiment.
class CalibrationRanks {
 public:
  /// @param variables  C of the density that draws are stored of
  /// @throws Error when the model's truth does not have C numbers.
  CalibrationRanks(const Ingredients& cell, Index variables);

  Index draws_wanted() const { return wanted_; }  ///< L; 0: no calibration
  /// @param x  [C x n]
  void add(Draws x);
  /// The groups `calibration_rank` and `calibration_truth`, once L draws have come.
  void write(const std::vector<Variable>& variables, CellWriter& writer) const;

 private:
  Index wanted_, count_ = 0;
  RandomStream ties_;
  Eigen::VectorXd truth_, below_, equal_;  ///< [C]
};

/// Which of the draws of chains have their ranks taken: L, evenly spaced over all chains.
class SpacedDraws {
 public:
  SpacedDraws(Index wanted, Index chains, Index draws);
  bool takes(Index chain, Index draw) const;

 private:
  Index draws_;
  std::vector<Index> places_;  ///< chain * draws + draw, ascending
};

/// Particles drawn by their weights, with replacement. [D x wanted]
Eigen::MatrixXd drawn_by_weights(const Particles& particles, Index wanted, RandomStream stream);

/// Ranks among fresh draws of an approximation.
void rank_in_family(const Ingredients& cell, Family& q, Density& density, CellWriter& writer);
/// Ranks among particles drawn by their weights.
void rank_in_particles(const Ingredients& cell, const Particles& particles, Density& density,
                       CellWriter& writer);

}  // namespace elbow
