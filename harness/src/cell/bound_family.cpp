#include "cell/bound_family.hpp"

namespace elbow {

BoundFamily::BoundFamily(std::unique_ptr<Family> family, Context features)
    : family_(std::move(family)), features_(features), count_(features.cols()) {}

NoiseShape BoundFamily::noise() const {
  const NoiseShape one = family_->noise();
  return {count_ * one.normals, count_ * one.uniforms};
}

void BoundFamily::bind(Index draws) {
  family_->conditional()->bind(features_, draws);
  bound_draws_ = draws;
}

void BoundFamily::spread(Draws from, Eigen::MatrixXd& to) const {
  const Index rows = from.rows() / count_, draws = from.cols();
  to.resize(rows, count_ * draws);
  for (Index i = 0; i < count_; ++i)
    to.middleCols(i * draws, draws) = from.middleRows(i * rows, rows);
}

void BoundFamily::gather(const Eigen::MatrixXd& from, DrawsOut to) const {
  const Index rows = from.rows(), draws = to.cols();
  for (Index i = 0; i < count_; ++i)
    to.middleRows(i * rows, rows) = from.middleCols(i * draws, draws);
}

void BoundFamily::sum_items(const Eigen::VectorXd& from, VectorOut to) const {
  to.setZero();
  for (Index i = 0; i < count_; ++i) to += from.segment(i * to.size(), to.size());
}

void BoundFamily::sample(Draws noise, DrawsOut z, VectorOut log_q) {
  const Index draws = z.cols();
  bind(draws);
  // Of every item its normals, then its uniforms; here all normals come first.
  const NoiseShape one = family_->noise();
  noise_.resize(one.rows(), count_ * draws);
  for (Index i = 0; i < count_; ++i) {
    auto own = noise_.middleCols(i * draws, draws);
    own.topRows(one.normals) = noise.middleRows(i * one.normals, one.normals);
    own.bottomRows(one.uniforms) =
        noise.middleRows(count_ * one.normals + i * one.uniforms, one.uniforms);
  }
  z_.resize(family_->dimension(), count_ * draws);
  log_q_.resize(count_ * draws);
  const bool wanted = log_q.size() > 0;
  family_->sample(noise_, z_, wanted ? VectorOut(log_q_) : VectorOut(unwanted_vector()));
  gather(z_, z);
  if (wanted) sum_items(log_q_, log_q);
}

void BoundFamily::sample_pullback(Draws g_z, Vector g_log_q, GradientOut phi) {
  spread(g_z, g_z_);
  if (g_log_q.size() == 0) return family_->sample_pullback(g_z_, unwanted_vector(), phi);
  g_log_q_ = g_log_q.replicate(count_, 1);
  family_->sample_pullback(g_z_, g_log_q_, phi);
}

void BoundFamily::log_prob(Draws z, VectorOut log_q) {
  if (z.cols() != bound_draws_) bind(z.cols());
  spread(z, z_);
  log_q_.resize(z_.cols());
  family_->log_prob(z_, log_q_);
  sum_items(log_q_, log_q);
}

void BoundFamily::log_prob_pullback(Vector w, GradientOut phi, DrawsOut g_z) {
  g_log_q_ = w.replicate(count_, 1);
  if (g_z.size() == 0) return family_->log_prob_pullback(g_log_q_, phi, unwanted());
  g_z_.resize(family_->dimension(), count_ * w.size());
  family_->log_prob_pullback(g_log_q_, phi, g_z_);
  gather(g_z_, g_z);
}

}  // namespace elbow
