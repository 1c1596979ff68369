#pragma once

#include <elbow/family.hpp>
#include <memory>

namespace elbow {

/// A conditional family at the features of n items as one family over all their latents, one item
/// behind the other: q(z_1, ..., z_n) = product of q(z_i | c_i; phi). The posteriors that an
/// encoder gives chosen items, as a proposal, as starts of chains, or to be improved for these
/// items alone.
class BoundFamily final : public Family {
 public:
  /// @param family    conditional
  /// @param features  [C x n]
  BoundFamily(std::unique_ptr<Family> family, Context features);

  Index dimension() const override { return count_ * family_->dimension(); }
  NoiseShape noise() const override;
  Parameters& parameters() override { return family_->parameters(); }

  void sample(Draws noise, DrawsOut z, VectorOut log_q) override;
  void sample_pullback(Draws g_z, Vector g_log_q, GradientOut phi) override;
  void log_prob(Draws z, VectorOut log_q) override;
  void log_prob_pullback(Vector w, GradientOut phi, DrawsOut g_z) override;

 private:
  /// Encodes with the current parameters.
  void bind(Index draws);
  /// [rows n x S] <-> [rows x n S], columns item S + draw.
  void spread(Draws from, Eigen::MatrixXd& to) const;
  void gather(const Eigen::MatrixXd& from, DrawsOut to) const;
  void sum_items(const Eigen::VectorXd& from, VectorOut to) const;

  std::unique_ptr<Family> family_;
  Eigen::MatrixXf features_;
  Index count_, bound_draws_ = 0;
  Eigen::MatrixXd noise_, z_, g_z_;  ///< [rows x n S]
  Eigen::VectorXd log_q_, g_log_q_;  ///< [n S]
};

}  // namespace elbow
