#include <Eigen/Cholesky>
#include <elbow/annealing.hpp>
#include <elbow/math.hpp>

namespace elbow {
namespace {

/// A number that is not finite is no density.
double usable(double log_p) { return std::isfinite(log_p) ? log_p : -infinity; }

/// log pi_b of a place with log densities p and q. @pre b > 0
double on_path(double b, double log_p, double log_q) {
  return log_p == -infinity ? -infinity : (1 - b) * log_q + b * log_p;
}

/// In-place lower Cholesky factor. @return false, with `a` of no use, where a is not positive
/// definite
bool factorise(Eigen::MatrixXd& a) {
  Eigen::LLT<Eigen::Ref<Eigen::MatrixXd>> cholesky(a);
  return cholesky.info() == Eigen::Success && a.diagonal().allFinite();
}

}  // namespace

std::vector<Option> AnnealedPath::options() {
  return {
      real("initial_sd", 1.0,
           "standard deviation of the base N(0, s^2 I); of no use after a fit, which then is "
           "the base")
          .above(0),
      choice("kernel", {"random_walk", "hmc"},
             "of the moves: Gaussian steps with the particles' covariance, or Hamiltonian "
             "paths with their variances")
          .when({"hmc", Ability::none, Ability::gradient}),
      integer("moves", 5, "Metropolis moves of every particle at every temperature").at_least(1),
      integer("leapfrog_steps", 8, "of a Hamiltonian path").at_least(1)};
}

AnnealedPath::AnnealedPath(const SamplerSetup& setup)
    : density_(*setup.model.density()),
      fitted_(setup.fitted),
      initial_sd_(setup.options.real("initial_sd")),
      hmc_(setup.options.text("kernel") == "hmc"),
      moves_(setup.options.integer("moves")),
      steps_(setup.options.integer("leapfrog_steps")) {
  const Index dimension = density_.dimension(), particles = setup.chains;
  const double d = double(dimension);
  target_ = hmc_ ? 0.8 : dimension == 1 ? 0.44 : 0.234;
  proposal_.scale = hmc_ ? std::pow(d, -0.25) : 2.38 / std::sqrt(d);
  proposal_.sd.setConstant(dimension, initial_sd_);
  proposal_.factor = initial_sd_ * Eigen::MatrixXd::Identity(dimension, dimension);
  for (Eigen::VectorXd* v : {&log_q_, &log_ratio_, &acceptance_, &non_finite_, &proposed_log_p_,
                             &proposed_log_q_, &log_proposal_ratio_, &step_})
    v->resize(particles);
  ones_.setOnes(particles);
  proposed_.resize(dimension, particles);
  momentum_.resize(dimension, particles);
  if (hmc_)
    for (Eigen::MatrixXd* m : {&gradient_, &proposed_gradient_, &base_gradient_})
      m->resize(dimension, particles);
  mean_.resize(dimension);
  gap_.resize(dimension);
  covariance_.resize(dimension, dimension);
  if (fitted_) noise_.resize(fitted_->noise().rows(), 1);
}

void AnnealedPath::draw_base(std::span<RandomStream> streams, DrawsOut z, VectorOut log_density) {
  for (Index c = 0; c < z.cols(); ++c) {
    RandomStream& stream = streams[std::size_t(c)];
    if (fitted_) {
      fill_noise(fitted_->noise(), stream, noise_);
      fitted_->sample(noise_, z.col(c), unwanted_vector());
    } else {
      stream.fill_normal(z.col(c));
      z.col(c) *= initial_sd_;
    }
  }
  evaluate_base(z, log_q_);
  density_.log_density(z, log_density);
  for (Index c = 0; c < z.cols(); ++c) log_ratio_[c] = usable(log_density[c]) - log_q_[c];
}

void AnnealedPath::reorder(const std::vector<Index>& ancestors) {
  proposed_log_q_ = log_q_;
  proposed_log_p_ = log_ratio_;
  for (Index c = 0; c < log_q_.size(); ++c) {
    log_q_[c] = proposed_log_q_[ancestors[std::size_t(c)]];
    log_ratio_[c] = proposed_log_p_[ancestors[std::size_t(c)]];
  }
}

void AnnealedPath::learn_shape(Draws z, Vector weights) {
  mean_.setZero();
  for (Index c = 0; c < z.cols(); ++c)
    if (weights[c] > 0) mean_ += weights[c] * z.col(c);
  covariance_.setZero();
  for (Index c = 0; c < z.cols(); ++c) {
    if (!(weights[c] > 0)) continue;
    gap_ = z.col(c) - mean_;
    covariance_.selfadjointView<Eigen::Lower>().rankUpdate(gap_, weights[c]);
  }
  if (!(covariance_.diagonal().minCoeff() > 0) || !covariance_.diagonal().allFinite()) return;
  mean_ = covariance_.diagonal();
  // Shrunk towards the diagonal as if D more particles had no correlation: few heavy particles may
  // span fewer than D dimensions.
  const double size = 1 / weights.squaredNorm();
  covariance_ *= size / (size + double(mean_.size()));
  covariance_.diagonal() = mean_;
  if (!factorise(covariance_)) return;
  proposal_.sd = mean_.cwiseSqrt();
  proposal_.factor = covariance_;
}

void AnnealedPath::move(double b, bool adapts, std::span<RandomStream> streams, DrawsOut z,
                        VectorOut log_density) {
  acceptance_.setZero();
  non_finite_.setZero();
  if (hmc_) evaluate_gradient(b, z, proposed_log_p_, proposed_log_q_, gradient_);
  double before = 0;
  for (Index m = 0; m < moves_; ++m) {
    if (hmc_)
      propose_path(b, streams, z);
    else
      propose_walk(streams, z);
    accept(b, streams, z, log_density);
    const double all = acceptance_.mean();
    if (adapts) proposal_.scale *= std::exp(all - before - target_);
    before = all;
  }
  acceptance_ /= double(moves_);
}

void AnnealedPath::propose_walk(std::span<RandomStream> streams, Draws z) {
  for (Index c = 0; c < z.cols(); ++c) {
    auto step = momentum_.col(c);
    streams[std::size_t(c)].fill_normal(step);
    for (Index column = step.size() - 1; column >= 0; --column) {
      const Index below = step.size() - column - 1;
      step.tail(below) += step[column] * proposal_.factor.col(column).tail(below);
      step[column] *= proposal_.factor(column, column);
    }
  }
  proposed_ = z + proposal_.scale * momentum_;
  density_.log_density(proposed_, proposed_log_p_);
  evaluate_base(proposed_, proposed_log_q_);
  log_proposal_ratio_.setZero();
}

void AnnealedPath::propose_path(double b, std::span<RandomStream> streams, Draws z) {
  for (Index c = 0; c < z.cols(); ++c) {
    RandomStream& stream = streams[std::size_t(c)];
    stream.fill_normal(momentum_.col(c));
    step_[c] = proposal_.scale * (0.7 + 0.6 * stream.uniform());
    log_proposal_ratio_[c] = 0.5 * momentum_.col(c).squaredNorm();
  }
  proposed_ = z;
  proposed_gradient_ = gradient_;
  const auto kick = [&] {
    for (Index c = 0; c < z.cols(); ++c)
      momentum_.col(c).array() +=
          0.5 * step_[c] * proposal_.sd.array() * proposed_gradient_.col(c).array();
  };
  for (Index s = 0; s < steps_; ++s) {
    kick();
    for (Index c = 0; c < z.cols(); ++c)
      proposed_.col(c).array() += step_[c] * proposal_.sd.array() * momentum_.col(c).array();
    evaluate_gradient(b, proposed_, proposed_log_p_, proposed_log_q_, proposed_gradient_);
    kick();
  }
  for (Index c = 0; c < z.cols(); ++c)
    log_proposal_ratio_[c] -= 0.5 * momentum_.col(c).squaredNorm();
}

void AnnealedPath::accept(double b, std::span<RandomStream> streams, DrawsOut z,
                          VectorOut log_density) {
  for (Index c = 0; c < z.cols(); ++c) {
    const double there = on_path(b, usable(proposed_log_p_[c]), proposed_log_q_[c]);
    const double here = on_path(b, usable(log_density[c]), log_q_[c]);
    const double log_ratio = there - here + log_proposal_ratio_[c];
    // Where the particle itself has no density anything that has one is better.
    const double probability = std::isnan(log_ratio) ? 0 : std::fmin(1, std::exp(log_ratio));
    acceptance_[c] += probability;
    if (!std::isfinite(there)) non_finite_[c] += 1;
    if (!(streams[std::size_t(c)].uniform() < probability)) continue;
    z.col(c) = proposed_.col(c);
    log_density[c] = proposed_log_p_[c];
    log_q_[c] = proposed_log_q_[c];
    log_ratio_[c] = log_density[c] - log_q_[c];
    if (hmc_) gradient_.col(c) = proposed_gradient_.col(c);
  }
}

void AnnealedPath::evaluate_base(Draws z, VectorOut log_q) {
  if (fitted_) {
    fitted_->log_prob(z, log_q);
    return;
  }
  const double constant = double(z.rows()) * (std::log(initial_sd_) + 0.5 * log_2pi);
  for (Index c = 0; c < z.cols(); ++c)
    log_q[c] = -0.5 * z.col(c).squaredNorm() / (initial_sd_ * initial_sd_) - constant;
}

void AnnealedPath::evaluate_gradient(double b, Draws z, VectorOut log_p, VectorOut log_q,
                                     DrawsOut gradient) {
  density_.log_density_gradient(z, log_p, gradient);
  evaluate_base(z, log_q);
  if (fitted_)
    fitted_->log_prob_pullback(ones_, GradientOut(), base_gradient_);
  else
    base_gradient_ = -z / (initial_sd_ * initial_sd_);
  for (Index c = 0; c < z.cols(); ++c)
    if (std::isfinite(log_p[c]))
      gradient.col(c) = b * gradient.col(c) + (1 - b) * base_gradient_.col(c);
}

}  // namespace elbow
