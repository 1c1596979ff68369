#include "self_tuned_paths.hpp"

#include <algorithm>
#include <cmath>
#include <elbow/math.hpp>

namespace elbow {
namespace {

constexpr int levels = 8, none = levels;  ///< step sizes that a particle may choose
constexpr double tolerance = 2;           ///< nats

/// Minus the energy of a place with a momentum.
double total(double b, double log_p, double log_q, const auto& momentum) {
  if (!std::isfinite(log_p)) return -infinity;
  return (1 - b) * log_q + b * log_p - 0.5 * momentum.squaredNorm();
}

}  // namespace

SelfTunedPaths::SelfTunedPaths(Index dimension, Index particles)
    : level_(std::size_t(particles), 0) {
  for (Eigen::MatrixXd* m : {&momentum_, &end_z_, &end_momentum_, &end_gradient_, &work_z_,
                             &work_momentum_, &work_gradient_, &scaled_})
    m->resize(dimension, particles);
  for (Eigen::VectorXd* v :
       {&energy_, &jitter_, &end_log_p_, &end_log_q_, &log_acceptance_, &first_acceptance_,
        &work_log_p_, &work_log_q_, &work_step_, &work_energy_, &work_start_, &lowest_, &highest_})
    v->resize(particles);
}

void SelfTunedPaths::propose(double b, const AnnealedPath::Proposal& proposal, Index steps,
                             const Evaluate& evaluate, std::span<RandomStream> streams, Draws z,
                             Vector log_p, Vector log_q, Draws gradient) {
  pending_.clear();
  for (Index c = 0; c < z.cols(); ++c) {
    RandomStream& stream = streams[std::size_t(c)];
    stream.fill_normal(momentum_.col(c));
    jitter_[c] = 0.7 + 0.6 * stream.uniform();
    energy_[c] = total(b, log_p[c], log_q[c], momentum_.col(c));
    log_acceptance_[c] = end_log_p_[c] = -infinity;
    first_acceptance_[c] = 0;
    level_[std::size_t(c)] = none;
    if (std::isfinite(energy_[c])) pending_.push_back(c);
  }
  go(b, proposal, steps, evaluate, z, gradient);
  go_back(b, proposal, steps, evaluate);
}

void SelfTunedPaths::go(double b, const AnnealedPath::Proposal& proposal, Index steps,
                        const Evaluate& evaluate, Draws z, Draws gradient) {
  for (int level = 0; level < levels && !pending_.empty(); ++level) {
    for (std::size_t i = 0; i < pending_.size(); ++i) {
      const Index c = pending_[i], column = Index(i);
      work_z_.col(column) = z.col(c);
      work_momentum_.col(column) = momentum_.col(c);
      work_gradient_.col(column) = gradient.col(c);
      work_start_[column] = energy_[c];
    }
    follow(b, proposal, steps, level, evaluate);
    std::size_t left = 0;
    for (std::size_t i = 0; i < pending_.size(); ++i) {
      const Index c = pending_[i], column = Index(i);
      const double gained = work_energy_[column] - energy_[c];
      if (level == 0 && !std::isnan(gained)) first_acceptance_[c] = std::fmin(1, std::exp(gained));
      if (!(highest_[column] - lowest_[column] < tolerance)) {
        pending_[left++] = c;
        continue;
      }
      level_[std::size_t(c)] = level;
      log_acceptance_[c] = gained;
      end_z_.col(c) = work_z_.col(column);
      end_momentum_.col(c) = work_momentum_.col(column);
      end_gradient_.col(c) = work_gradient_.col(column);
      end_log_p_[c] = work_log_p_[column];
      end_log_q_[c] = work_log_q_[column];
    }
    pending_.resize(left);
  }
}

/// Paths whose end would have chosen a longer step size are rejected.
void SelfTunedPaths::go_back(double b, const AnnealedPath::Proposal& proposal, Index steps,
                             const Evaluate& evaluate) {
  for (int level = 0; level + 1 < levels; ++level) {
    pending_.clear();
    for (std::size_t c = 0; c < level_.size(); ++c)
      if (level_[c] > level && level_[c] != none) pending_.push_back(Index(c));
    if (pending_.empty()) return;
    for (std::size_t i = 0; i < pending_.size(); ++i) {
      const Index c = pending_[i], column = Index(i);
      work_z_.col(column) = end_z_.col(c);
      work_momentum_.col(column) = -end_momentum_.col(c);
      work_gradient_.col(column) = end_gradient_.col(c);
      work_start_[column] = energy_[c] + log_acceptance_[c];
    }
    follow(b, proposal, steps, level, evaluate);
    for (std::size_t i = 0; i < pending_.size(); ++i) {
      if (!(highest_[Index(i)] - lowest_[Index(i)] < tolerance)) continue;
      level_[std::size_t(pending_[i])] = none;
      log_acceptance_[pending_[i]] = -infinity;
    }
  }
}

/// Leapfrog paths of the first columns. Smaller steps go as far, up to eight times as many.
void SelfTunedPaths::follow(double b, const AnnealedPath::Proposal& proposal, Index steps,
                            int level, const Evaluate& evaluate) {
  const Index count = Index(pending_.size());
  for (Index i = 0; i < count; ++i)
    work_step_[i] = std::ldexp(proposal.scale * jitter_[pending_[std::size_t(i)]], -level);
  const auto step = work_step_.head(count).asDiagonal();
  auto z = work_z_.leftCols(count), momentum = work_momentum_.leftCols(count),
       gradient = work_gradient_.leftCols(count), scaled = scaled_.leftCols(count);
  const auto kick = [&] {
    scaled = gradient;
    proposal.shape_transposed(scaled);
    momentum += 0.5 * (scaled * step);
  };
  lowest_.head(count) = highest_.head(count) = work_start_.head(count);
  const Index all = steps << std::min(level, 3);
  for (Index s = 0; s < all; ++s) {
    kick();
    scaled = momentum;
    proposal.shape(scaled);
    z += scaled * step;
    evaluate(z, work_log_p_.head(count), work_log_q_.head(count), gradient);
    kick();
    for (Index i = 0; i < count; ++i) {
      const double energy = total(b, work_log_p_[i], work_log_q_[i], work_momentum_.col(i));
      work_energy_[i] = energy;
      // NaN is the lowest of all.
      lowest_[i] = energy > lowest_[i] ? lowest_[i] : std::isnan(energy) ? -infinity : energy;
      highest_[i] = std::fmax(highest_[i], energy);
    }
  }
}

}  // namespace elbow
