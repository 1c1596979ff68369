#include <Eigen/Cholesky>
#include <elbow/annealing.hpp>
#include <elbow/math.hpp>
#include <utility>

#include "self_tuned_paths.hpp"

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
      real("initial_sd", 3.0,
           "standard deviation of the base N(0, s^2 I); of no use after a fit, which then is "
           "the base")
          .above(0),
      choice("kernel", {"automatic", "hmc", "random_walk"},
             "of the moves: Hamiltonian paths, each particle's step size halved where the energy "
             "is not kept, or Gaussian steps; automatic: hmc where the model has a gradient")
          .when({"hmc", Ability::none, Ability::gradient}),
      integer("moves", optional,
              "most Metropolis moves of every particle at a temperature; absent: 10 Hamiltonian "
              "paths or 200 random-walk steps")
          .at_least(1),
      real("decorrelation", 0.1,
           "moves at a temperature end when no coordinate, nor the log ratio of target and base, "
           "is more than this correlated with where it began; 0: all moves are made")
          .at_least(0)
          .below(1),
      integer("leapfrog_steps", 8,
              "of the first two Hamiltonian paths at a temperature; twice as many of every second "
              "one after, up to eight times")
          .at_least(1)};
}

AnnealedPath::AnnealedPath(const SamplerSetup& setup)
    : density_(*setup.model.density()),
      fitted_(setup.fitted),
      initial_sd_(setup.options.real("initial_sd")),
      decorrelation_(setup.options.real("decorrelation")),
      hmc_(setup.options.text("kernel") == "hmc" ||
           (setup.options.text("kernel") == "automatic" &&
            includes(setup.target_abilities, Ability::gradient))),
      moves_(setup.options.has("moves") ? setup.options.integer("moves")
             : hmc_                     ? 10
                                        : 200),
      steps_(setup.options.integer("leapfrog_steps")) {
  const Index dimension = density_.dimension(), particles = setup.chains;
  const double d = double(dimension);
  target_ = hmc_ ? 0.8 : dimension == 1 ? 0.44 : 0.234;
  proposal_.scale = hmc_ ? std::pow(d, -0.25) : 2.38 / std::sqrt(d);
  proposal_.sd.setConstant(dimension, initial_sd_);
  proposal_.moves = 1;
  for (Eigen::VectorXd* v :
       {&log_q_, &log_ratio_, &acceptance_, &non_finite_, &origin_ratio_, &proposed_log_p_,
        &proposed_log_q_, &log_acceptance_, &first_acceptance_})
    v->resize(particles);
  for (Eigen::MatrixXd* m : {&origin_, &proposed_, &steps_made_}) m->resize(dimension, particles);
  if (hmc_) {
    gradient_.resize(dimension, particles);
    base_gradient_.resize(dimension, particles);
    paths_ = std::make_unique<SelfTunedPaths>(dimension, particles);
  }
  ones_.setOnes(particles);
  mean_.resize(dimension);
  gap_.resize(dimension);
  covariance_.resize(dimension, dimension);
  if (fitted_) noise_.resize(fitted_->noise().rows(), 1);
}

AnnealedPath::~AnnealedPath() = default;

void AnnealedPath::Proposal::shape(DrawsOut steps) const {
  if (factor.size() > 0)
    steps = factor.triangularView<Eigen::Lower>() * steps;
  else
    steps.array().colwise() *= sd.array();
}

void AnnealedPath::Proposal::shape_transposed(DrawsOut steps) const {
  if (factor.size() > 0)
    steps = factor.triangularView<Eigen::Lower>().transpose() * steps;
  else
    steps.array().colwise() *= sd.array();
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

double AnnealedPath::kept(double step, Vector weights, bool conditional) const {
  const double highest = log_ratio_.maxCoeff();
  double alive = 0, before = 0, sum = 0, squares = 0;
  for (Index i = 0; i < weights.size(); ++i) {
    const double w = weights[i], factor = std::exp(step * (log_ratio_[i] - highest));
    sum += w * factor;
    squares += (conditional ? w : w * w) * factor * factor;
    if (!std::isfinite(log_ratio_[i])) continue;
    alive += w;
    before += w * w;
  }
  if (conditional) return sum * sum / (squares * alive);
  return sum * sum / squares * before / (alive * alive);
}

double AnnealedPath::next_step(double b, Vector weights, double target, bool conditional) const {
  // Twice a step would keep the fourth power if the log ratio were normal. Where it keeps less, as
  // with heavy tails, few particles carry the increment of the evidence, and the step is too long
  // although its own weights do not show it.
  const auto keeps = [&](double step) {
    return kept(step, weights, conditional) >= target &&
           (!conditional || kept(2 * step, weights, true) >= std::pow(target, 4));
  };
  double low = 0, high = 1 - b;
  if (keeps(high)) return high;
  for (int i = 0; i < 50; ++i) {
    const double middle = 0.5 * (low + high);
    (keeps(middle) ? low : high) = middle;
  }
  // Where rounding leaves no step that keeps enough, the shortest is made: the path goes on.
  return low > 0 ? low : high;
}

void AnnealedPath::resample(const std::vector<Index>& ancestors, DrawsOut z,
                            VectorOut log_density) {
  proposed_ = z;
  proposed_log_q_ = log_q_;
  proposed_log_p_ = log_density;
  origin_ratio_ = log_ratio_;
  for (Index c = 0; c < log_q_.size(); ++c) {
    const Index a = ancestors[std::size_t(c)];
    z.col(c) = proposed_.col(a);
    log_density[c] = proposed_log_p_[a];
    log_q_[c] = proposed_log_q_[a];
    log_ratio_[c] = origin_ratio_[a];
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
  proposal_.sd = mean_.cwiseSqrt();
  // Correlations that few particles tell are noise; those of more are shrunk as if D more particles
  // had none.
  const double size = 1 / weights.squaredNorm(), dimension = double(mean_.size());
  if (size >= 10 * dimension) {
    covariance_ *= size / (size + dimension);
    covariance_.diagonal() = mean_;
    if (factorise(covariance_)) {
      proposal_.factor = covariance_;
      return;
    }
  }
  proposal_.factor.resize(0, 0);
}

void AnnealedPath::move(double b, std::span<RandomStream> streams, DrawsOut z,
                        VectorOut log_density) {
  begin_moves(b, z);
  // Two standard deviations of what so many particles show by chance alone.
  const double noise = 2 / std::sqrt(double(z.cols()));
  Index m = 0;
  double before = 1, last = 1;  // correlations two moves and one move ago
  for (bool goes_on = true; goes_on;) {
    move_once(b, m++, streams, z, log_density);
    proposal_.scale *= std::exp(first_acceptance_.mean() - target_);
    const double now = remembered(z);
    // What has not faded at all in two moves, as between modes, will not in a few more.
    const bool fades = !hmc_ || m < 4 || now < 0.97 * before;
    goes_on = m < moves_ && (decorrelation_ == 0 || (now > decorrelation_ + noise && fades));
    before = std::exchange(last, now);
  }
  proposal_.moves = m;
  acceptance_ /= double(m);
}

void AnnealedPath::move(double b, Index count, std::span<RandomStream> streams, DrawsOut z,
                        VectorOut log_density) {
  begin_moves(b, z);
  for (Index m = 0; m < count; ++m) move_once(b, m, streams, z, log_density);
  acceptance_ /= double(count);
}

void AnnealedPath::begin_moves(double b, Draws z) {
  acceptance_.setZero();
  non_finite_.setZero();
  origin_ = z;
  origin_ratio_ = log_ratio_;
  if (hmc_) evaluate_gradient(b, z, proposed_log_p_, proposed_log_q_, gradient_);
}

/// @param count  of the moves made before at this temperature
void AnnealedPath::move_once(double b, Index count, std::span<RandomStream> streams, DrawsOut z,
                             VectorOut log_density) {
  if (hmc_) {
    paths_->propose(
        b, proposal_, steps_ << std::min<Index>(count / 2, 3),
        [&](Draws places, VectorOut log_p, VectorOut log_q, DrawsOut gradient) {
          evaluate_gradient(b, places, log_p, log_q, gradient);
        },
        streams, z, log_density, log_q_, gradient_);
    proposed_ = paths_->z();
    proposed_log_p_ = paths_->log_p();
    proposed_log_q_ = paths_->log_q();
    log_acceptance_ = paths_->log_acceptance();
    first_acceptance_ = paths_->first_acceptance();
  } else {
    propose_walk(b, streams, z, log_density);
  }
  for (Index c = 0; c < z.cols(); ++c) {
    const double probability = std::fmin(1, std::exp(log_acceptance_[c]));
    acceptance_[c] += probability;
    if (!std::isfinite(proposed_log_p_[c])) non_finite_[c] += 1;
    if (!(streams[std::size_t(c)].uniform() < probability)) continue;
    z.col(c) = proposed_.col(c);
    log_density[c] = proposed_log_p_[c];
    log_q_[c] = proposed_log_q_[c];
    log_ratio_[c] = log_density[c] - log_q_[c];
    if (hmc_) gradient_.col(c) = paths_->gradient().col(c);
  }
}

void AnnealedPath::propose_walk(double b, std::span<RandomStream> streams, Draws z,
                                Vector log_density) {
  for (Index c = 0; c < z.cols(); ++c) streams[std::size_t(c)].fill_normal(steps_made_.col(c));
  proposal_.shape(steps_made_);
  proposed_ = z + proposal_.scale * steps_made_;
  density_.log_density(proposed_, proposed_log_p_);
  evaluate_base(proposed_, proposed_log_q_);
  for (Index c = 0; c < z.cols(); ++c) {
    const double there = on_path(b, usable(proposed_log_p_[c]), proposed_log_q_[c]);
    const double here = on_path(b, usable(log_density[c]), log_q_[c]);
    // Where the particle itself has no density anything that has one is better.
    log_acceptance_[c] = std::isnan(there - here) ? -infinity : there - here;
    first_acceptance_[c] = std::fmin(1, std::exp(log_acceptance_[c]));
  }
}

/// The largest correlation over the particles between what they are and what they were before the
/// moves, of a coordinate or the log ratio.
double AnnealedPath::remembered(Draws z) const {
  double largest = correlation(log_ratio_, origin_ratio_);
  for (Index d = 0; d < z.rows(); ++d)
    largest = std::fmax(largest, correlation(z.row(d).transpose(), origin_.row(d).transpose()));
  return largest;
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
    fitted_->log_prob_pullback(ones_.head(z.cols()), GradientOut(),
                               base_gradient_.leftCols(z.cols()));
  else
    base_gradient_.leftCols(z.cols()) = -z / (initial_sd_ * initial_sd_);
  for (Index c = 0; c < z.cols(); ++c)
    if (std::isfinite(log_p[c]))
      gradient.col(c) = b * gradient.col(c) + (1 - b) * base_gradient_.col(c);
}

}  // namespace elbow
