#include "cell/transported_model.hpp"

#include <cmath>
#include <elbow/math.hpp>

namespace elbow {
namespace {

/// log |det dT/de| = log N(e; 0, I) - log q(T(e)), given log q. [S]
void replace_by_log_volume(Draws e, VectorOut log_q) {
  for (Index s = 0; s < e.cols(); ++s)
    log_q[s] = -0.5 * (e.col(s).squaredNorm() + double(e.rows()) * log_2pi) - log_q[s];
}

}  // namespace

class TransportedModel::Pulled final : public Density {
 public:
  Pulled(Density& target, Transport& map) : target_(target), map_(map) {}

  Index dimension() const override { return target_.dimension(); }
  std::vector<Variable> variables() const override { return target_.variables(); }

  void log_density(Draws e, VectorOut log_p) override {
    move(e);
    target_.log_density(z_.leftCols(e.cols()), log_p);
    log_p += log_volume_.head(e.cols());
    mark_outside_support(e, log_p, unwanted());
  }

  void log_density_gradient(Draws e, VectorOut log_p, DrawsOut gradient) override {
    const Index draws = e.cols();
    move(e);
    auto g_z = g_z_.leftCols(draws);
    target_.log_density_gradient(z_.leftCols(draws), log_p, g_z);
    map_.transport_pullback(g_z, minus_one_.head(draws), gradient);
    gradient -= e;
    log_p += log_volume_.head(draws);
    mark_outside_support(e, log_p, gradient);
  }

  void constrain(Draws e, DrawsOut x) const override {
    move(e);
    target_.constrain(z_.leftCols(e.cols()), x);
  }

  Index item_count() const override { return target_.item_count(); }
  void use_items(std::span<const Index> items) override { target_.use_items(items); }

  /// Leaves T(e) and log |det dT/de| in the first columns of `z_` and `log_volume_`. The columns
  /// only grow, so that calls of several sizes in turn do not allocate.
  void move(Draws e) const {
    const Index draws = e.cols();
    if (z_.cols() < draws) {
      z_.resize(e.rows(), draws);
      g_z_.resize(e.rows(), draws);
      log_volume_.resize(draws);
      minus_one_.setConstant(draws, -1);
    }
    auto log_volume = log_volume_.head(draws);
    map_.transport(e, z_.leftCols(draws), log_volume);
    replace_by_log_volume(e, log_volume);
  }
  auto z(Index draws) const { return z_.leftCols(draws); }
  auto log_volume(Index draws) const { return log_volume_.head(draws); }

 private:
  Density& target_;
  Transport& map_;
  mutable Eigen::MatrixXd z_, g_z_;                 ///< [D x S]
  mutable Eigen::VectorXd log_volume_, minus_one_;  ///< [S]
};

TransportedModel::TransportedModel(Model& target, Transport& map)
    : density_(std::make_unique<Pulled>(*target.density(), map)) {}

TransportedModel::~TransportedModel() = default;

Density* TransportedModel::density() { return density_.get(); }

void TransportedModel::to_target(Draws e, Vector log_density, DrawsOut z, VectorOut log_p) const {
  density_->move(e);
  z = density_->z(e.cols());
  log_p = log_density - density_->log_volume(e.cols());
}

}  // namespace elbow
