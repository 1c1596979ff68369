#pragma once

#include <elbow/elbow.hpp>

namespace elbow::wrong {

inline std::vector<Option> no_options() { return {}; }

/// Random-walk Metropolis of fixed width, without a fault: each wrong sampler changes one thing.
class RandomWalk : public Sampler {
 public:
  explicit RandomWalk(const SamplerSetup& setup)
      : density_(*setup.model.density()),
        proposal_(density_.dimension(), setup.chains),
        proposed_(setup.chains) {}

  std::vector<TraceField> statistics() const override {
    return {{"accepted", "1 where the proposal was accepted", ""}};
  }
  Progress transition(Transition& at) override {
    for (Index c = 0; c < at.z.cols(); ++c)
      for (Index d = 0; d < at.z.rows(); ++d)
        proposal_(d, c) = at.z(d, c) + at.streams[std::size_t(c)].normal();
    density_.log_density(proposal_, proposed_);
    for (Index c = 0; c < at.z.cols(); ++c) {
      const double log_uniform = std::log(stream_of(at, c).uniform());
      at.statistics(0, c) = accept(log_uniform, proposed_[c], at.log_density[c]);
      if (at.statistics(0, c) == 0) continue;
      at.z.col(c) = proposal_.col(c);
      at.log_density[c] = proposed_[c];
    }
    return Progress::going;
  }

 protected:
  virtual bool accept(double log_uniform, double there, double here) const {
    return log_uniform < there - here;
  }
  virtual RandomStream& stream_of(Transition& at, Index chain) const {
    return at.streams[std::size_t(chain)];
  }

 private:
  Density& density_;
  Eigen::MatrixXd proposal_;
  Eigen::VectorXd proposed_;
};

}  // namespace elbow::wrong
