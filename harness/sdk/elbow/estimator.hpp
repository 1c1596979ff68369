#pragma once

#include <elbow/family.hpp>
#include <elbow/model.hpp>
#include <elbow/optimizer.hpp>
#include <memory>
#include <span>
#include <vector>

namespace elbow {

/// What an estimator is made from. All references outlive it.
struct EstimatorSetup {
  const Options& options;
  Model& model;
  Family* family;            ///< null where the descriptor does not ask for one
  RandomStream init_stream;  ///< for a random start
};

/// One step's surroundings, owned by the host.
struct Fit {
  Model& model;
  Family* family;        ///< as in the setup
  Optimizer* optimizer;  ///< null where the descriptor does not ask for one
  Index iteration;       ///< from 0
  RandomStream stream;   ///< this iteration's own
  std::span<const Index>
      items;  ///< this iteration's minibatch; empty: all items. A Density already uses it.
};

/// Weighted draws that an estimator ends with in place of a family (SVGD, Pathfinder's mixture).
struct Particles {
  Eigen::MatrixXd z;            ///< [D x S]
  Eigen::VectorXd log_weights;  ///< [S], normalised or not; empty: equal weights
};

class GradientEstimator;

/// One way to improve q (or a model's theta). `step` improves the fit once and reports numbers.
class Estimator {
 public:
  virtual ~Estimator() = default;

  /// The numbers that `step` reports, constant over the estimator's life. The first one is the
  /// objective as a paper would print it: it goes up.
  virtual std::vector<TraceField> trace_fields() const = 0;

  /// Whose parameters the optimizer moves; empty where `step` needs no optimizer.
  virtual std::span<Parameters* const> trained() const { return {}; }

  /// @param[out] trace  [trace_fields().size()]
  virtual Progress step(Fit& fit, VectorOut trace) = 0;

  /// The approximation to evaluate and to draw from: by default the fit's family. Methods that
  /// bring their own (CAVI, Laplace, Pathfinder) return that; null where draws are `particles`.
  virtual Family* approximation(Fit& fit) { return fit.family; }
  virtual const Particles* particles() const { return nullptr; }

  /// This object where it is a GradientEstimator, so that the host can measure its gradients.
  virtual GradientEstimator* gradient_estimator() { return nullptr; }

  /// As Optimizer::state: what later steps depend on besides the parameters of the family, of the
  /// model and of `trained`. Where that is nothing, `return true` says so.
  virtual bool state(StateArchive& archive) {
    static_cast<void>(archive);
    return false;
  }

  /// What was learnt, as a target for every sampler (a ratio estimator: prior x ratio). Asked for
  /// once, after the last step; null where the target is the model itself.
  virtual std::unique_ptr<Model> surrogate() { return nullptr; }
};

/// An estimator that is a value with a gradient, stepped through the optimizer. Use this for
/// everything that follows a stochastic gradient; override `Estimator::step` for the rest.
class GradientEstimator : public Estimator {
 public:
  /// Allocates the gradients. @param trained  whose parameters are moved: the family's phi, and the
  /// model's theta where it has trainable parameters.
  explicit GradientEstimator(std::vector<Parameters*> trained);

  std::span<Parameters* const> trained() const final { return trained_; }
  GradientEstimator* gradient_estimator() final { return this; }

  /// The objective's estimate, and its gradient added to `gradients` (one per `trained()`, zeroed
  /// by the caller). Further trace fields are written to `trace` (the objective and the base
  /// class's own fields are not among them).
  /// @return the objective, nats
  virtual double value_and_gradient(Fit& fit, std::span<const GradientOut> gradients,
                                    VectorOut trace) = 0;

  /// Names of the numbers that `value_and_gradient` writes to its `trace`.
  virtual std::vector<TraceField> own_fields() const { return {}; }

  /// objective, gradient_norm, step_size, then `own_fields()`.
  std::vector<TraceField> trace_fields() const final;
  /// @return non_finite, with nothing moved, when the objective or a gradient is not finite and the
  /// optimizer does not retreat.
  Progress step(Fit& fit, VectorOut trace) final;

 private:
  std::vector<Parameters*> trained_;
  std::vector<Gradient> gradients_;
  std::vector<GradientOut> outs_;
  std::vector<const Gradient*> views_;
};

}  // namespace elbow
