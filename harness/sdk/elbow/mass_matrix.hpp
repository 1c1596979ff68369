#pragma once

#include <elbow/option.hpp>
#include <elbow/random.hpp>
#include <elbow/warmup.hpp>
#include <vector>

namespace elbow {

/// The inverse mass matrix M^-1 of one Hamiltonian chain, and the draws and gradients that warm-up
/// learns it from. They are kept in two windows that overlap: `use_window` learns from all since
/// the last but one `next_window`, so that there is always more than a little to learn from, and
/// `clear` forgets both. Only a dense or low-rank `use_window` allocates. Thread-safe: no.
///
/// By `variance` M^-1 is the (co)variance of the draws; by `fisher` it minimises the Fisher
/// divergence between a normal distribution and the target, from draws and gradients
/// (arXiv 2603.18845). A coordinate in which the chain has not moved keeps its scale; a dense or
/// low-rank metric then is kept as a whole.
class MassMatrix {
 public:
  /// `metric`, `rank` and `adaptation`, for a plugin's option table.
  static std::vector<Option> options();

  /// @param capacity  most draws of a window that a dense or low-rank metric learns from: the last
  MassMatrix(const Options& options, Index dimension, Index capacity);

  /// M^-1 p
  void velocity(const Eigen::VectorXd& p, Eigen::VectorXd& v) const;
  /// p ~ N(0, M)
  void draw_momentum(RandomStream& stream, Eigen::VectorXd& p) const;

  /// Scales of 1 / |gradient|, what `fisher` says of one draw of a density whose scales are not
  /// known; does nothing to other metrics.
  void guess(const Eigen::VectorXd& gradient);
  /// One more draw of both windows, and the gradient there.
  void add(const Eigen::VectorXd& q, const Eigen::VectorXd& gradient);
  void use_window();
  void next_window();
  void clear();
  /// Draws since the last `next_window`.
  Index count() const { return young_.draws.count(); }

  bool adapts() const { return adapts_; }
  bool fisher() const { return fisher_ && adapts_; }
  bool diagonal() const { return !dense_ && !low_rank_; }

 private:
  struct Moments {
    explicit Moments(Index dimension) : draws(dimension, 1), gradients(dimension, 1) {}
    RunningVariance draws, gradients;
  };

  void transform(const Eigen::VectorXd& factors, Eigen::VectorXd& v) const;
  double scale(Index d) const;
  void use_scales();
  void use_covariance();
  void use_directions();
  Eigen::MatrixXd last(const Eigen::MatrixXd& all) const;
  Eigen::MatrixXd scaled_draws() const;
  Eigen::MatrixXd scaled_gradients() const;

  bool fisher_, dense_, low_rank_, adapts_;
  Index rank_;
  Eigen::VectorXd variance_, sd_;  ///< [D] diagonal of M^-1 and its roots
  Eigen::MatrixXd inverse_;        ///< [D x D] M^-1, or empty
  Eigen::MatrixXd factor_;         ///< [D x D] its lower Cholesky factor
  /// M^-1 = diag(sd) (I + V (diag(stretch) - I) V^T) diag(sd) with the first kept_ directions V.
  Index kept_ = 0;
  Eigen::MatrixXd directions_;         ///< [D x rank]
  Eigen::VectorXd stretch_, shrink_;   ///< [rank] eigenvalues, and 1 / their roots
  mutable Eigen::VectorXd along_;      ///< [rank]
  Moments old_, young_;                ///< of the windows; the young one is a part of the old one
  Eigen::MatrixXd draws_, gradients_;  ///< [D x capacity] the last ones, in a ring, or empty
  Index seen_ = 0;                     ///< draws put into the ring
};

}  // namespace elbow
