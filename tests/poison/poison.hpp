#pragma once

#include <elbow/elbow.hpp>

/// What the bad plugins are made of: harmless plugins, of which each overrides one function.
namespace poison {

using namespace elbow;

inline std::vector<Option> no_options() { return {}; }

/// Two independent standard normal numbers.
class StandardNormal : public Model, public Density {
 public:
  explicit StandardNormal(const ModelSetup&) {}

  Density* density() override { return this; }
  Index dimension() const override { return 2; }
  std::vector<Variable> variables() const override { return {{"x", {2}, {}, ""}}; }
  void log_density(Draws z, VectorOut log_p) override {
    log_p = -0.5 * z.colwise().squaredNorm().transpose();
    log_p.array() -= log_2pi;
  }
  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override {
    log_density(z, log_p);
    gradient = -z;
  }
};

/// An estimator that leaves the family as it is.
class Idle : public Estimator {
 public:
  explicit Idle(const EstimatorSetup&) {}

  std::vector<TraceField> trace_fields() const override { return {{"objective", "zero", ""}}; }
  Progress step(Fit&, VectorOut trace) override {
    trace[0] = 0;
    return Progress::going;
  }
};

/// A sampler that stays where it is.
class Still : public Sampler {
 public:
  explicit Still(const SamplerSetup&) {}

  std::vector<TraceField> statistics() const override { return {{"moved", "never", ""}}; }
  Progress transition(Transition& t) override {
    t.statistics.setZero();
    return Progress::going;
  }
};

}  // namespace poison

/// Registers a bad plugin in the shape that experiments can name; estimators use a family and no
/// optimizer.
#define POISON(Class, plugin_name)                                                   \
  ELBOW_PLUGIN(Class, poison::no_options,                                            \
               {.name = plugin_name,                                                 \
                .summary = "a bad plugin of the tests",                              \
                .provides = std::is_base_of_v<elbow::Model, Class>                   \
                                ? elbow::Ability::density | elbow::Ability::gradient \
                                : elbow::Ability::none,                              \
                .uses_optimizer = false})

/// Exports a descriptor as it stands, right or wrong, under the ABI number given.
#define POISON_DESCRIPTOR(abi, descriptor) POISON_EXPORT(abi, descriptor)
#define POISON_EXPORT(abi, descriptor)                                      \
  extern "C" __attribute__((visibility("default"), used, section("elbow"))) \
  const void* const elbow_plugin_abi_##abi = &descriptor;

namespace poison {

/// A good descriptor to spoil.
constexpr Descriptor good(const char* name) {
  return describe<StandardNormal>({.name = name,
                                   .summary = "a bad plugin of the tests",
                                   .provides = Ability::density | Ability::gradient},
                                  no_options);
}

}  // namespace poison
