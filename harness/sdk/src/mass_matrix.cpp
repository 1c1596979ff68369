#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <elbow/mass_matrix.hpp>
#include <numeric>

namespace elbow {
namespace {

/// The symmetric positive definite S with S B S = A, for A and B of that kind: their geometric
/// mean, A # B^-1.
Eigen::MatrixXd geometric_mean(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b) {
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> root(b);
  const Eigen::MatrixXd half = root.operatorSqrt(), inverse_half = root.operatorInverseSqrt();
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> middle(half * a * half);
  return inverse_half * middle.operatorSqrt() * inverse_half;
}

/// What a window says of the covariance beyond its scales: M^-1 = diag(s) R diag(s) with
/// R = basis r basis^T + (I - basis basis^T).
struct Correlation {
  Eigen::MatrixXd basis;  ///< [D x m] orthonormal columns; empty: all of space, m = D
  Eigen::MatrixXd r;      ///< [m x m]
};

/// @param draws, gradients  [D x n]  scaled and centred
/// By `fisher`, R solves R cov(gradients) R = cov(draws), which minimises the Fisher divergence
/// (arXiv 2603.18845; Bhatia 2007, section 4.1), within the space that both span; outside it
/// nothing is known and R is the identity. Both covariances get a multiple of the identity: a
/// little where there are draws for every direction, more where there are not. By `variance`, R is
/// the draws' correlation shrunk towards the identity with the weight of D draws, because that of
/// few draws has wide and narrow directions that the target has not.
Correlation correlation(const Eigen::MatrixXd& draws, const Eigen::MatrixXd& gradients,
                        bool fisher) {
  const Index dimension = draws.rows(), n = draws.cols(), span = fisher ? 2 * n : n;
  Correlation result;
  Eigen::MatrixXd x = draws, g = gradients;
  if (span < dimension) {
    Eigen::MatrixXd all(dimension, span);
    all.leftCols(n) = draws;
    if (fisher) all.rightCols(n) = gradients;
    result.basis = Eigen::HouseholderQR<Eigen::MatrixXd>(all).householderQ() *
                   Eigen::MatrixXd::Identity(dimension, span);
    x = result.basis.transpose() * draws;
    g = result.basis.transpose() * gradients;
  }
  const auto identity = Eigen::MatrixXd::Identity(x.rows(), x.rows());
  const double count = double(n);
  if (!fisher) {
    const double sum = count + double(dimension);
    result.r = x * x.transpose() / sum + double(dimension) / sum * identity;
    return result;
  }
  const double ridge = n > 2 * dimension ? 1e-5 : 0.05;
  result.r = geometric_mean(x * x.transpose() / count + ridge * identity,
                            g * g.transpose() / count + ridge * identity);
  return result;
}

}  // namespace

std::vector<Option> MassMatrix::options() {
  return {choice("metric", {"diagonal", "dense", "low_rank", "unit"},
                 "inverse mass matrix: variances; a covariance matrix; variances with a few "
                 "correlated directions, for many dimensions; or the identity"),
          integer("rank", 30, "most correlated directions of the low_rank metric").at_least(1),
          choice("adaptation", {"variance", "fisher"},
                 "what warm-up makes the metric from: the (co)variance of the draws; or draws and "
                 "gradients, whose Fisher divergence from a normal it minimises")};
}

MassMatrix::MassMatrix(const Options& options, Index dimension, Index capacity)
    : fisher_(options.text("adaptation") == "fisher"),
      dense_(options.text("metric") == "dense"),
      low_rank_(options.text("metric") == "low_rank"),
      adapts_(options.text("metric") != "unit"),
      rank_(std::min(options.integer("rank"), dimension)),
      old_(dimension),
      young_(dimension) {
  if (dense_) {
    inverse_ = Eigen::MatrixXd::Identity(dimension, dimension);
    factor_ = inverse_;
  }
  if (low_rank_) {
    directions_.resize(dimension, rank_);
    for (Eigen::VectorXd* v : {&stretch_, &shrink_, &along_}) v->resize(rank_);
  }
  if (!diagonal()) {
    draws_.resize(dimension, capacity);
    gradients_.resize(dimension, capacity);
  }
  variance_ = sd_ = Eigen::VectorXd::Ones(dimension);
}

void MassMatrix::velocity(const Eigen::VectorXd& p, Eigen::VectorXd& v) const {
  if (dense_) {
    v.noalias() = inverse_ * p;
  } else if (kept_ > 0) {
    v = sd_.cwiseProduct(p);
    transform(stretch_, v);
    v.array() *= sd_.array();
  } else {
    v = variance_.cwiseProduct(p);
  }
}

void MassMatrix::draw_momentum(RandomStream& stream, Eigen::VectorXd& p) const {
  stream.fill_normal(p);
  if (dense_) {
    factor_.triangularView<Eigen::Lower>().transpose().solveInPlace(p);
    return;
  }
  if (kept_ > 0) transform(shrink_, p);
  p.array() /= sd_.array();
}

/// v += (f - 1) along the kept directions.
void MassMatrix::transform(const Eigen::VectorXd& factors, Eigen::VectorXd& v) const {
  for (Index k = 0; k < kept_; ++k) along_[k] = directions_.col(k).dot(v) * (factors[k] - 1);
  for (Index k = 0; k < kept_; ++k) v += along_[k] * directions_.col(k);
}

void MassMatrix::guess(const Eigen::VectorXd& gradient) {
  if (!fisher() || dense_) return;
  for (Index d = 0; d < sd_.size(); ++d) {
    const double size = std::fabs(gradient[d]);
    if (!(size > 0) || !std::isfinite(size)) continue;
    variance_[d] = std::fmin(std::fmax(1 / size, 1e-10), 1e10);
    sd_[d] = std::sqrt(variance_[d]);
  }
}

void MassMatrix::add(const Eigen::VectorXd& q, const Eigen::VectorXd& gradient) {
  if (!adapts_) return;
  for (Moments* window : {&old_, &young_}) {
    window->draws.add(q);
    if (fisher_) window->gradients.add(gradient);
  }
  if (draws_.cols() == 0) return;
  const Index place = seen_++ % draws_.cols();
  draws_.col(place) = q;
  gradients_.col(place) = gradient;
}

void MassMatrix::use_window() {
  if (old_.draws.count() < 2) return;
  const Eigen::MatrixXd& squares = old_.draws.squares();
  const bool moved = squares.minCoeff() > 0 && squares.allFinite() &&
                     (!fisher_ || old_.gradients.squares().allFinite());
  if (!dense_) use_scales();
  if (moved && dense_) use_covariance();
  if (moved && low_rank_) use_directions();
}

void MassMatrix::next_window() {
  std::swap(old_, young_);
  young_.draws.clear();
  young_.gradients.clear();
}

void MassMatrix::clear() {
  next_window();
  next_window();
}

/// The variance of the draws, shrunk towards 0.001 with the weight of 5 draws (Stan reference
/// manual); or sqrt(var(draws) / var(gradients)), the diagonal minimiser of the Fisher divergence
/// (arXiv 2603.18845).
double MassMatrix::scale(Index d) const {
  const double n = double(old_.draws.count()), squares = old_.draws.squares()(d, 0);
  // Constant gradients say nothing of the scale.
  if (fisher_) {
    const double steep = old_.gradients.squares()(d, 0);
    if (steep > 0 && std::isfinite(steep)) return std::sqrt(squares / steep);
  }
  return squares / (n - 1) * (n / (n + 5)) + 1e-3 * (5 / (n + 5));
}

void MassMatrix::use_scales() {
  for (Index d = 0; d < variance_.size(); ++d) {
    const double squares = old_.draws.squares()(d, 0);
    if (!(squares > 0) || !std::isfinite(squares)) continue;
    variance_[d] = scale(d);
    sd_[d] = std::sqrt(variance_[d]);
  }
}

/// The draws of the old window that are still in the ring, centred. [D x n]
Eigen::MatrixXd MassMatrix::last(const Eigen::MatrixXd& all) const {
  const Index n = std::min(old_.draws.count(), all.cols());
  Eigen::MatrixXd found(all.rows(), n);
  for (Index i = 0; i < n; ++i) found.col(i) = all.col((seen_ - n + i) % all.cols());
  return found.colwise() - found.rowwise().mean();
}
Eigen::MatrixXd MassMatrix::scaled_draws() const {
  return sd_.cwiseInverse().asDiagonal() * last(draws_);
}
Eigen::MatrixXd MassMatrix::scaled_gradients() const { return sd_.asDiagonal() * last(gradients_); }

void MassMatrix::use_covariance() {
  for (Index d = 0; d < sd_.size(); ++d) sd_[d] = std::sqrt(scale(d));
  const Correlation found = correlation(scaled_draws(), scaled_gradients(), fisher_);
  Eigen::MatrixXd covariance = found.r;
  if (found.basis.size() > 0) {
    covariance.setIdentity(sd_.size(), sd_.size());
    covariance += found.basis *
                  (found.r - Eigen::MatrixXd::Identity(found.r.rows(), found.r.cols())) *
                  found.basis.transpose();
  }
  covariance = (sd_.asDiagonal() * covariance * sd_.asDiagonal()).eval();
  covariance = (0.5 * (covariance + covariance.transpose())).eval();
  const Eigen::LLT<Eigen::MatrixXd> factor(covariance);
  if (factor.info() != Eigen::Success || !covariance.allFinite()) return;
  inverse_ = covariance;
  factor_ = factor.matrixL();
}

/// The eigenvectors of the correlation whose eigenvalues are below 1/2 or above 2, the farthest
/// from 1 first.
void MassMatrix::use_directions() {
  const Correlation found = correlation(scaled_draws(), scaled_gradients(), fisher_);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(found.r);
  kept_ = 0;
  if (eigen.info() != Eigen::Success || !(eigen.eigenvalues().minCoeff() > 0)) return;
  const Eigen::ArrayXd distance = eigen.eigenvalues().array().log().abs();
  std::vector<Index> order(std::size_t(distance.size()));
  std::iota(order.begin(), order.end(), Index(0));
  std::sort(order.begin(), order.end(),
            [&](Index a, Index b) { return distance[a] > distance[b]; });
  for (const Index k : order) {
    if (kept_ == rank_ || !(distance[k] > std::log(2.0))) break;
    const double lambda = eigen.eigenvalues()[k];
    directions_.col(kept_) = found.basis.size() > 0
                                 ? Eigen::VectorXd(found.basis * eigen.eigenvectors().col(k))
                                 : Eigen::VectorXd(eigen.eigenvectors().col(k));
    stretch_[kept_] = lambda;
    shrink_[kept_] = 1 / std::sqrt(lambda);
    ++kept_;
  }
}

}  // namespace elbow
