#pragma once

#include <vector>

#include "support/plugin_under_test.hpp"

namespace elbow::test {

/// All that a sampler gave: states and statistics of every transition, warm-up included.
struct Chains {
  std::vector<Eigen::MatrixXd> z;           ///< [D x chains] per transition
  std::vector<Eigen::MatrixXd> statistics;  ///< [F x chains] per transition
  std::vector<std::string> fields;

  Index field(const std::string& name) const {
    for (std::size_t i = 0; i < fields.size(); ++i)
      if (fields[i] == name) return Index(i);
    throw Error("no statistic " + name);
  }
};

/// Runs chains `first` ... `first + starts.cols() - 1`: a chain's streams depend on its number.
inline Chains sample(Model& model, const std::string& name, OptionMap options,
                     Eigen::MatrixXd starts, Index warmup, Index draws, Index first = 0,
                     std::uint64_t seed = 1) {
  const Index chains = starts.cols();
  const auto moves = sampler(name, model, chains, warmup, draws, std::move(options));
  Chains out;
  for (const TraceField& field : moves->statistics()) out.fields.push_back(field.name);
  Eigen::VectorXd log_density(chains), log_weights(chains);
  model.density()->log_density(starts, log_density);
  std::vector<RandomStream> streams(std::size_t(chains), stream(seed));
  Eigen::MatrixXd statistics(Index(out.fields.size()), chains);
  for (Index i = 0; i < warmup + draws; ++i) {
    for (Index c = 0; c < chains; ++c)
      streams[std::size_t(c)] =
          stream(seed).substream(std::uint64_t(first + c)).substream(std::uint64_t(i));
    Transition transition{i, i < warmup, streams, starts, log_density, statistics, log_weights, 0};
    moves->transition(transition);
    out.z.push_back(starts);
    out.statistics.push_back(statistics);
  }
  return out;
}

/// Mean of f(state of a chain) after warm-up with its Monte-Carlo standard error by batch means: 20
/// batches per chain.
struct MeanWithError {
  double mean, mcse;
};
template <class F>
MeanWithError average(const Chains& chains, Index warmup, F f) {
  constexpr Index batches = 20;
  const Index length = (Index(chains.z.size()) - warmup) / batches;
  std::vector<double> means;
  for (Index c = 0; c < chains.z[0].cols(); ++c)
    for (Index b = 0; b < batches; ++b) {
      double sum = 0;
      for (Index i = 0; i < length; ++i)
        sum += f(chains.z[std::size_t(warmup + b * length + i)].col(c));
      means.push_back(sum / double(length));
    }
  const Eigen::Map<const Eigen::ArrayXd> all(means.data(), Index(means.size()));
  const double n = double(all.size());
  return {all.mean(), std::sqrt((all - all.mean()).square().sum() / (n - 1) / n)};
}

}  // namespace elbow::test
