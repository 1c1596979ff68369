#pragma once

#include <elbow/math.hpp>
#include <vector>

#include "support/plugin_under_test.hpp"

namespace elbow::test {

/// What a population ended with.
struct Population {
  Eigen::MatrixXd z;
  Eigen::VectorXd weights;  ///< add up to 1
  double log_evidence = 0, log_evidence_sd = 0;
  std::vector<Eigen::MatrixXd> statistics;
  std::vector<std::string> fields;
  Progress progress = Progress::going;

  Index field(const std::string& name) const {
    for (std::size_t i = 0; i < fields.size(); ++i)
      if (fields[i] == name) return Index(i);
    throw Error("no statistic " + name);
  }
  double last(const std::string& name) const { return statistics.back()(field(name), 0); }
};

/// Runs a population to its end, or for `most` transitions.
/// @param base  particle p's stream of transition i is its substream p's substream i + 1
inline Population run_population(Model& model, const std::string& name, OptionMap options,
                                 Index particles, const RandomStream& base, Index most,
                                 Family* fitted = nullptr) {
  Population out;
  out.z.setZero(model.density()->dimension(), particles);
  Eigen::VectorXd log_density(particles), log_weights(particles);
  const auto moves = sampler(name, model, particles, 0, most, std::move(options), fitted);
  for (const TraceField& field : moves->statistics()) out.fields.push_back(field.name);
  std::vector<RandomStream> streams(std::size_t(particles), base);
  const auto set = [&](std::uint64_t i) {
    for (std::size_t p = 0; p < streams.size(); ++p) streams[p] = base.substream(p).substream(i);
  };
  set(0);
  moves->start(streams, out.z, log_density);
  Eigen::MatrixXd statistics(Index(out.fields.size()), particles);
  for (Index i = 0; i < most && out.progress == Progress::going; ++i) {
    set(std::uint64_t(i) + 1);
    Transition t{i, false, streams, out.z, log_density, statistics, log_weights, 0};
    out.progress = moves->transition(t);
    out.log_evidence += t.log_evidence_increment;
    out.statistics.push_back(statistics);
  }
  out.weights = (log_weights.array() - log_sum_exp(log_weights)).exp();
  out.log_evidence_sd = out.last("log_evidence_sd");
  return out;
}

}  // namespace elbow::test
