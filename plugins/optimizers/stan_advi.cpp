#include <array>
#include <elbow/elbow.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  std::vector<Option> all = {
      real("eta", optional,
           "step size; by default 100, 10, 1, 0.1 and 0.01 are tried from the start and the best "
           "is kept")
          .above(0),
      integer("search_iterations", 50, "steps for which each step size is tried").at_least(1),
      real("weight", 0.1, "of the newest squared gradient in its running mean").above(0).at_most(1),
      real("tau", 1.0, "added to the root of the squared gradients' mean").above(0)};
  for (Option& option : IterateAverage::options()) all.push_back(std::move(option));
  return all;
}

/// s_t = w g_t^2 + (1 - w) s_(t-1) with s_1 = g_1^2, and x += eta t^(-1/2) g / (tau + sqrt(s_t)).
/// The search goes down the step sizes while the objective, meaned over a trial's last fifth, gets
/// better, and is over when it gets worse after a trial that was better than the start.
class StanAdvi final : public Optimizer {
 public:
  explicit StanAdvi(const OptimizerSetup& setup)
      : parameters_(setup.parameters.begin(), setup.parameters.end()),
        average_(setup.options, setup.parameters, setup.iterations),
        eta_(setup.options.has("eta") ? setup.options.real("eta") : trials[0]),
        weight_(setup.options.real("weight")),
        tau_(setup.options.real("tau")),
        trial_steps_(setup.options.integer("search_iterations")),
        searching_(!setup.options.has("eta")) {
    for (const Parameters* parameters : parameters_) {
      squares_.emplace_back(*parameters);
      Gradient& start = start_.emplace_back(*parameters);
      start.f64() = parameters->f64();
      start.f32() = parameters->f32();
    }
  }

  void observe(double objective) override {
    if (!searching_) return;
    if (trial_ == 0 && steps_ == 0) at_start_ = objective;
    const Index late = (trial_steps_ + 4) / 5;
    if (steps_ > trial_steps_ - late) score_ += objective / double(late);
    ended_ = steps_ == trial_steps_;
  }

  bool retreat() override {
    if (!searching_ || steps_ == 0) return false;
    score_ = -infinity;
    next_trial();
    return true;
  }

  void step(std::span<const Gradient* const> gradients) override {
    if (ended_) {
      next_trial();
      return;
    }
    ++steps_;
    step_size_ = eta_ / std::sqrt(double(steps_));
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      update(parameters_[i]->f64(), gradients[i]->f64(), squares_[i].f64(), step_size_);
      update(parameters_[i]->f32(), gradients[i]->f32(), squares_[i].f32(), float(step_size_));
    }
    average_.update();
  }

  void estimate(Index which, Eigen::Ref<Eigen::VectorXd> f64,
                Eigen::Ref<Eigen::VectorXf> f32) const override {
    average_.estimate(which, f64, f32);
  }
  double step_size() const override { return step_size_; }
  bool state(StateArchive& archive) override {
    archive(average_, eta_, steps_, squares_, start_, step_size_, searching_, ended_, trial_,
            at_start_, score_, best_score_, best_eta_);
    return true;
  }

 private:
  static constexpr std::array<double, 5> trials{100, 10, 1, 0.1, 0.01};

  /// Back to the start, with the next step size or, when the search is over, the best.
  void next_trial() {
    const bool better = score_ > best_score_;
    const bool last = trial_ + 1 == trials.size();
    if (better) {
      best_score_ = score_;
      best_eta_ = eta_;
    }
    if (last || (!better && best_score_ > at_start_)) {
      searching_ = false;
      eta_ = best_eta_;
    } else {
      eta_ = trials[++trial_];
    }
    score_ = 0;
    steps_ = 0;
    ended_ = false;
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      parameters_[i]->f64() = start_[i].f64();
      parameters_[i]->f32() = start_[i].f32();
    }
    average_.restart();
  }

  template <class Column, class T>
  void update(Column x, const auto& g, Column s, T eta) {
    const T w = steps_ == 1 ? T(1) : T(weight_);
    s = w * g.cwiseAbs2() + (1 - w) * s;
    x.array() += eta * g.array() / (T(tau_) + s.array().sqrt());
  }

  std::vector<Parameters*> parameters_;
  IterateAverage average_;
  double eta_, weight_, tau_;
  Index steps_ = 0;  ///< with this step size
  std::vector<Gradient> squares_, start_;
  double step_size_ = not_a_number;

  Index trial_steps_;
  bool searching_, ended_ = false;
  std::size_t trial_ = 0;
  double at_start_ = 0, score_ = 0;  ///< objectives: the first, and of this trial
  double best_score_ = -infinity;
  double best_eta_ = trials.back();
};

}  // namespace

ELBOW_PLUGIN(StanAdvi, options,
             {.name = "stan_advi",
              .summary = "the adaptive step-size schedule of Stan's ADVI, and its search for eta",
              .source = "Kucukelbir et al. 2017, eq. 10-11 and section 2.6"})
