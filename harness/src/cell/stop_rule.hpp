#pragma once

#include <optional>

#include "cell/ingredients.hpp"
#include "cell/iterate_window.hpp"
#include "record/cell_writer.hpp"
#include "record/outcome.hpp"

namespace elbow {

/// When a fit is over by what it has reached, after Welandawe et al. 2022. Once the iterates are
/// stationary (R-hat at most 1.1 and Monte-Carlo standard errors of their means at most a tenth of
/// their sd), the step size is halved, where the optimizer lets it be; the fit has converged when
/// the averages before and after differ in their ELBO by no more than the tolerance, or by no more
/// than the Monte-Carlo error of the difference (the noise floor, which the outcome then names).
///
/// The ELBO is that of fresh draws, the same ones every time, so that little noise is left in the
/// difference; where there is no density to evaluate, it is the mean objective of the iterates.
class StopRule {
 public:
  explicit StopRule(Ingredients& cell);

  /// After every step. @param objective  as the step reported it
  /// @return whether it is time to `check`, which looks at all data items
  bool take_in(double objective);
  /// @return how the fit ended, where it did
  std::optional<Outcome> check(Fit& fit);

  /// Largest R-hat of the iterates' later half; NaN without trained parameters.
  double rhat() const;
  /// The metric `objective`: what the estimator reports, meaned over the later half of the fit
  /// (since the step size last changed).
  Metric objective() const;
  /// What a fit that spent its budget should say of its iterates; empty when they had settled, and
  /// no rule that was asked for said otherwise.
  std::string unsettled(Fit& fit) const;

  void state(StateArchive& archive);

 private:
  /// What is compared: values per fresh draw, or a mean with its error.
  struct Level {
    Eigen::VectorXd terms;  ///< log p - log q; empty without a density
    double mean, mcse;
  };
  Level level(Fit& fit) const;
  /// Whether a coordinate of the approximation's draws is one number up to rounding: a scale that
  /// has collapsed, after which an objective without noise tells nothing.
  bool collapsed(Fit& fit) const;

  Ingredients& cell_;
  bool wanted_;
  IterateWindow window_;
  Index next_check_;
  bool lowers_ = false;  ///< whether the optimizer's step size could be halved
  bool frozen_ = false;  ///< whether the last check found steps too small to matter
  std::optional<Level> last_;
};

}  // namespace elbow
