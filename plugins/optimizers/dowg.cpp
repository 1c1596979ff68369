#include <elbow/elbow.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  std::vector<Option> all = {
      real("initial_distance", 1e-4,
           "first guess of the distance to go, in units of 1 + |x_0|; it only has to be small")
          .above(0)};
  for (Option& option : IterateAverage::options()) all.push_back(std::move(option));
  return all;
}

/// Steps without a learning rate: r_t is the largest distance from the start so far, v_t = v_(t-1)
/// + r_t^2 |g_t|^2, and x += r_t^2 / sqrt(v_t) g_t. Distances and norms are over all parameters.
class DoWg final : public Optimizer {
 public:
  explicit DoWg(const OptimizerSetup& setup)
      : parameters_(setup.parameters.begin(), setup.parameters.end()),
        average_(setup.options, setup.parameters, setup.iterations) {
    double square = 0;
    for (const Parameters* parameters : parameters_) {
      Gradient& start = start_.emplace_back(*parameters);
      start.f64() = parameters->f64();
      start.f32() = parameters->f32();
      square += start.squared_norm();
    }
    distance_ = setup.options.real("initial_distance") * (1 + std::sqrt(square));
  }

  void step(std::span<const Gradient* const> gradients) override {
    double moved = 0, norm = 0;
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      moved += (parameters_[i]->f64() - start_[i].f64()).squaredNorm() +
               (parameters_[i]->f32() - start_[i].f32()).cast<double>().squaredNorm();
      norm += gradients[i]->squared_norm();
    }
    distance_ = std::max(distance_, std::sqrt(moved));
    weighted_ += distance_ * distance_ * norm;
    step_size_ = weighted_ > 0 ? distance_ * distance_ / std::sqrt(weighted_) : 0;
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      parameters_[i]->f64() += step_size_ * gradients[i]->f64();
      parameters_[i]->f32() += float(step_size_) * gradients[i]->f32();
    }
    average_.update();
  }

  void estimate(Index which, Eigen::Ref<Eigen::VectorXd> f64,
                Eigen::Ref<Eigen::VectorXf> f32) const override {
    average_.estimate(which, f64, f32);
  }
  double step_size() const override { return step_size_; }
  bool state(StateArchive& archive) override {
    archive(average_, start_, distance_, weighted_, step_size_);
    return true;
  }

 private:
  std::vector<Parameters*> parameters_;
  IterateAverage average_;
  std::vector<Gradient> start_;
  double distance_, weighted_ = 0;  ///< r_t and v_t
  double step_size_ = not_a_number;
};

}  // namespace

ELBOW_PLUGIN(DoWg, options,
             {.name = "dowg",
              .summary = "distance over weighted gradients: no learning rate",
              .source = "Khaled, Mishchenko & Jin 2023, algorithm 1"})
