#pragma once

#include <optional>

#include "check/suites.hpp"

namespace elbow::check {

/// Adam with fixed rates on both scalar types: enough to climb with, and owned by the check so that
/// estimators can be checked without any other plugin.
class PlainAscent final : public Optimizer {
 public:
  explicit PlainAscent(std::span<Parameters* const> parameters, double rate);
  void step(std::span<const Gradient* const> gradients) override;
  void estimate(Index which, Eigen::Ref<Eigen::VectorXd> f64,
                Eigen::Ref<Eigen::VectorXf> f32) const override;
  double step_size() const override { return rate_; }
  bool state(StateArchive& archive) override {
    archive(steps_, first_, second_);
    return true;
  }

 private:
  std::span<Parameters* const> parameters_;
  double rate_;
  int steps_ = 0;
  std::vector<Gradient> first_, second_;
};

/// An estimator with all that it needs: a small target of the check's own, or, where it needs more
/// than a density, the first model of the catalog that has it; the first family that suits; and
/// PlainAscent.
class FitBench {
 public:
  /// Why the estimator cannot be put together; empty when it can.
  static std::string missing(const Bench& bench);

  /// @param target  used in place of the bench's own; outlives this
  explicit FitBench(const Bench& bench, Model* target = nullptr, double rate = 0.02);

  Model& model() { return *model_; }
  Family* family() { return family_ ? &**family_ : nullptr; }
  Estimator& operator*() { return **estimator_; }
  Estimator* operator->() { return &**estimator_; }
  /// Whether the target is one of the check's own, far from where families start.
  bool own_target() const { return own_target_; }

  Fit fit(Index iteration, std::uint64_t run = 0);
  Progress step(Index iteration, VectorOut trace, std::uint64_t run = 0);
  /// Makes this bench, which is like another one, what that one is now.
  /// @return false where the estimator does not save its state
  bool go_on_from(FitBench& other);
  /// All numbers that a step may move: the family's and the trained parameters.
  Eigen::VectorXd state();
  std::vector<Parameters*> trained();

 private:
  /// Those of `trained`, and the family's.
  std::vector<Parameters*> moved();

  bool own_target_ = false;
  std::unique_ptr<Model> built_in_;
  std::optional<Made<Model>> other_;
  Model* model_ = nullptr;
  std::optional<Made<Family>> family_;
  std::optional<Made<Estimator>> estimator_;
  std::vector<Parameters*> trained_;
  std::unique_ptr<Optimizer> optimizer_;
};

}  // namespace elbow::check
