#pragma once

#include <elbow/option.hpp>
#include <elbow/parameters.hpp>
#include <elbow/state_archive.hpp>
#include <span>
#include <vector>

namespace elbow {

/// An average a of an optimizer's iterates x_1, x_2, ..., which a fit reports in place of the last,
/// noisy one.
///
///     polynomial   a_t = (1 - w) a_(t-1) + w x_t, w = (p + 1) / (t + p), with p the option
///                  `averaging_power`: x_s weighs about s^p (Shamir & Zhang 2013, section 4)
///     suffix       the mean of the last `averaging_fraction` of the budget's iterates (Rakhlin et
///                  al. 2012, section 5); before these begin, the current iterate
///     none         the current iterate
class IterateAverage {
 public:
  /// `averaging`, `averaging_power` and `averaging_fraction`, for a plugin's option table.
  static std::vector<Option> options();

  /// @param parameters  whose values are averaged; they outlive this object
  /// @param iterations  the budget, or 0 when there is none in iterations
  /// @throws OptionError when `suffix` is asked for without such a budget.
  IterateAverage(const Options& options, std::span<Parameters* const> parameters, Index iterations);

  /// Takes the current values in as the next iterate.
  void update();

  /// Forgets the iterates so far; the budget goes on.
  void restart();

  void state(StateArchive& archive) { archive(first_, iterate_, origin_, averages_); }

  /// Writes the average over `parameters[which]`.
  void estimate(Index which, Eigen::Ref<Eigen::VectorXd> f64,
                Eigen::Ref<Eigen::VectorXf> f32) const;

 private:
  enum class Kind { polynomial, suffix, none };
  double weight() const;

  Kind kind_;
  double power_;
  Index first_ = 1;    ///< the first iterate that counts, from 1
  Index iterate_ = 0;  ///< iterates taken in so far
  Index origin_ = 0;   ///< of these, how many are forgotten
  std::vector<const Parameters*> parameters_;
  std::vector<Gradient> averages_;  ///< laid out as the parameters are
};

}  // namespace elbow
