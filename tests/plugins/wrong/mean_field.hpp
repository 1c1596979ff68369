#pragma once

#include <elbow/elbow.hpp>

namespace elbow::wrong {

inline std::vector<Option> no_options() { return {}; }

/// q(z) = prod_d N(z_d; m_d, 1) without a fault: each wrong family changes one thing of it.
class UnitNormal : public Family, public ClosedEntropy {
 public:
  explicit UnitNormal(const FamilySetup& setup) : mean_(phi_.add("mean", setup.dimension)) {}

  Index dimension() const override { return mean_.rows; }
  Parameters& parameters() override { return phi_; }
  void sample(Draws noise, DrawsOut z, VectorOut log_q) override {
    z = noise;
    z.colwise() += phi_.vector(mean_);
    if (log_q.size() > 0) log_prob(z, log_q);
  }
  // log q does not change along a path.
  void sample_pullback(Draws g_z, Vector, GradientOut phi) override {
    for (Index s = 0; s < g_z.cols(); ++s) phi.vector(mean_) += g_z.col(s);
  }
  void log_prob(Draws z, VectorOut log_q) override {
    centred_ = z;
    centred_.colwise() -= phi_.vector(mean_);
    for (Index s = 0; s < z.cols(); ++s)
      log_q[s] = -0.5 * (centred_.col(s).squaredNorm() + double(dimension()) * log_2pi);
  }
  void log_prob_pullback(Vector w, GradientOut phi, DrawsOut g_z) override {
    for (Index s = 0; s < w.size(); ++s) {
      if (g_z.size() > 0) g_z.col(s) = -w[s] * centred_.col(s);
      if (phi) phi.vector(mean_) += w[s] * centred_.col(s);
    }
  }
  ClosedEntropy* closed_entropy() override { return this; }
  double entropy() override { return 0.5 * double(dimension()) * (1 + log_2pi); }
  void entropy_pullback(double, GradientOut) override {}

 protected:
  Parameters phi_;
  BlockId<double> mean_;
  Eigen::MatrixXd centred_;
};

}  // namespace elbow::wrong
