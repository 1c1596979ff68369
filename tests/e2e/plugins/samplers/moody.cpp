#include <chrono>
#include <cstdio>
#include <elbow/elbow.hpp>
#include <list>
#include <stdexcept>
#include <thread>

namespace {

using namespace elbow;

std::vector<Option> options() {
  std::vector<Option> all;
  all.push_back(real("pause", 0, "time of a transition").at_least(0).unit("ms"));
  all.push_back(choice("mood",
                       {"good", "throws", "loops", "allocates", "crashes", "exits", "runs_away",
                        "stalls", "meets_nan"},
                       "what the third transition does"));
  return all;
}

/// A walk of standard normal steps that misbehaves as it is told.
class Moody : public Sampler {
 public:
  explicit Moody(const SamplerSetup& setup)
      : model_(setup.model),
        pause_(setup.options.real("pause")),
        mood_(setup.options.text("mood")) {}

  std::vector<TraceField> statistics() const override {
    return {{"step", "length of the step", ""}};
  }

  Progress transition(Transition& t) override {
    if (t.iteration == 2) misbehave();
    if (pause_ > 0) std::this_thread::sleep_for(std::chrono::duration<double, std::milli>(pause_));
    Eigen::VectorXd step(t.z.rows());
    for (Index chain = 0; chain < t.z.cols(); ++chain) {
      t.streams[std::size_t(chain)].fill_normal(step);
      if (mood_ == "stalls" && t.iteration >= 2) step.setZero();
      t.z.col(chain) += step;
      if (t.iteration > 2 && mood_ == "runs_away") t.z.col(chain) *= 1e30;
      t.statistics(0, chain) = step.norm();
    }
    model_.density()->log_density(t.z, t.log_density);
    return mood_ == "meets_nan" && t.iteration == 2 ? Progress::non_finite : Progress::going;
  }

 private:
  void misbehave() {
    if (mood_ == "throws") throw std::runtime_error("in a bad mood");
    if (mood_ == "exits") std::exit(3);
    if (mood_ == "crashes") {
      std::fputs("famous last words\n", stderr);
      int* volatile nowhere = nullptr;
      *nowhere = 1;
    }
    if (mood_ == "loops")
      for (;;) asm volatile("");
    if (mood_ == "allocates")
      for (std::list<std::vector<char>> all;;) all.emplace_back(8 << 20, 'x');
  }

  Model& model_;
  double pause_;
  std::string mood_;
};

}  // namespace

ELBOW_PLUGIN(Moody, options,
             {.name = "moody",
              .summary = "a sampler that misbehaves, for tests of the host",
              .needs_of_model = Ability::density})
