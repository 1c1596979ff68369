#include "cell/stop_rule.hpp"

#include <cmath>
#include <elbow/math.hpp>

#include "cell/estimate_in_place.hpp"
#include "cell/evaluate_fit.hpp"
#include "data/short_number.hpp"

namespace elbow {
namespace {

constexpr Index first_check = 300, fresh_draws = 1000;
constexpr double settled_rhat = 1.1, settled_mcse = 0.1;
/// Under a step size that dies away, iterates wander slowly around their point in the end.
constexpr double moving_rhat = 1.3;

/// An average of the iterates, weighted towards the last, has about a fifth of their effective
/// number.
constexpr double share_of_average = 0.2;

bool stationary(const IterateWindow::Mixing& mixing) {
  return mixing.rhat <= settled_rhat && mixing.relative_mcse <= settled_mcse;
}

}  // namespace

StopRule::StopRule(Ingredients& cell)
    : cell_(cell),
      wanted_(cell.settings.stops_when_stationary()),
      window_(cell.estimator->trained()),
      next_check_(first_check) {}

bool StopRule::take_in(double objective) {
  window_.add(objective);
  return wanted_ && window_.count() >= next_check_;
}

std::optional<Outcome> StopRule::check(Fit& fit) {
  const IterateWindow::Mixing mixing = window_.mixing();
  if (!stationary(mixing)) {
    next_check_ = Index(1.3 * double(window_.count()));
    return {};
  }

  const Level iterate = level(fit);
  EstimateInPlace estimate(cell_.estimator->trained(), cell_.optimizer.get());
  const Level now = level(fit);
  estimate.restore();
  const double tolerance = cell_.settings.stationary > 0
                               ? cell_.settings.stationary
                               : cell_.settings.relative_change * std::abs(now.mean);
  if (last_) {
    double change = now.mean - last_->mean, error = std::hypot(now.mcse, last_->mcse);
    // What the jitter of the iterates leaves in their average.
    double rest = 0;
    if (now.terms.size() > 0) {
      const Eigen::ArrayXd difference = now.terms - last_->terms;
      const double n = double(difference.size());
      change = difference.mean();
      error = std::sqrt((difference - change).square().sum() / (n * (n - 1)));
      const double effective = share_of_average / std::pow(mixing.relative_mcse, 2);
      if (cell_.optimizer && mixing.relative_mcse > 0)
        rest = std::fmax(0, now.mean - iterate.mean) / effective;
    }
    const bool resolved = 2 * error <= tolerance;
    const double allowed = std::fmax(tolerance, 2 * error);
    // Steps that have died away leave everything as it is, wherever that may be.
    const double noise = window_.objective().sd;
    const bool dead = cell_.optimizer && noise > tolerance &&
                      std::abs(change) + std::abs(now.mean - iterate.mean) < 1e-6 * noise;
    frozen_ = dead || collapsed(fit);
    if (!frozen_ && rest <= allowed && std::abs(change) <= allowed) {
      const std::string what = lowers_ ? "halving the step size" : "twice as many iterations";
      return Outcome{Ending::converged, (resolved ? "" : "noise floor: ") + what +
                                            " changed the ELBO by " + short_number(change, 3) +
                                            " +- " + short_number(error, 3) + " nats"};
    }
  }
  last_ = now;
  lowers_ = cell_.optimizer && cell_.optimizer->lower_step_size(0.5);
  if (lowers_) {
    window_.restart();
    next_check_ = first_check;
  } else {
    next_check_ = 2 * window_.count();
  }
  return {};
}

bool StopRule::collapsed(Fit& fit) const {
  Family* q = cell_.estimator->approximation(fit);
  if (!q || !cell_.model->density() || q->conditional() || q->noise().normals == 0) return false;
  constexpr Index draws = 100;
  Eigen::MatrixXd noise(q->noise().rows(), draws), z(q->dimension(), draws);
  RandomStream stream = cell_.stream("stop rule");
  fill_noise(q->noise(), stream, noise);
  q->sample(noise, z, unwanted_vector());
  const Eigen::VectorXd spread = z.rowwise().maxCoeff() - z.rowwise().minCoeff();
  const Eigen::VectorXd size = z.cwiseAbs().rowwise().maxCoeff();
  return (spread.array() <= 1e-10 * size.array()).any();
}

StopRule::Level StopRule::level(Fit& fit) const {
  const Eigen::VectorXd terms = elbo_terms(cell_, fit, cell_.stream("stop rule"), fresh_draws);
  if (terms.size() > 0) return {terms, terms.mean(), 0};
  const IterateWindow::Level objective = window_.objective();
  return {{}, objective.mean, objective.mcse};
}

double StopRule::rhat() const {
  return cell_.estimator->trained().empty() ? not_a_number : window_.mixing().rhat;
}

Metric StopRule::objective() const {
  const IterateWindow::Level level = window_.objective();
  return {"objective", level.mean, level.mcse, "",
          "what the estimator maximises, its own estimates meaned over the fit's later half"};
}

std::string StopRule::unsettled(Fit& fit) const {
  if (cell_.estimator->trained().empty()) return "";
  if (frozen_) return "the fit has collapsed: its steps have died away, or its draws do not differ";
  const IterateWindow::Mixing mixing = window_.mixing();
  if (mixing.rhat <= moving_rhat) {
    EstimateInPlace estimate(cell_.estimator->trained(), cell_.optimizer.get());
    const bool is_point = collapsed(fit);
    estimate.restore();
    if (is_point) return "the fit has collapsed: its draws do not differ";
    if (!wanted_) return "";
    return "the stop rule did not hold: " +
           (stationary(mixing)
                ? "the ELBO was still changing"
                : "R-hat " + short_number(mixing.rhat, 3) + " and Monte-Carlo errors of " +
                      short_number(mixing.relative_mcse, 2) +
                      " sd over the later half of the iterates");
  }
  if (std::isinf(mixing.rhat))
    return "the iterates do not tell whether they have settled: too few, not finite, or without "
           "movement";
  return "the iterates were still moving: R-hat " + short_number(mixing.rhat, 3) +
         " over the later half of them";
}

void StopRule::state(StateArchive& archive) {
  archive(window_, next_check_, lowers_, frozen_);
  bool has_last = last_.has_value();
  archive(has_last);
  if (!has_last) return last_.reset();
  if (!last_) last_.emplace();
  Index terms = last_->terms.size();
  archive(terms);
  last_->terms.resize(terms);
  archive(last_->terms, last_->mean, last_->mcse);
}

}  // namespace elbow
