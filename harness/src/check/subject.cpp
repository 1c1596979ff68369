#include "check/subject.hpp"

#include <algorithm>

#include "plugins/loader.hpp"

namespace elbow::check {
namespace {

constexpr std::uint64_t seed = 20261120;

bool applies(const OptionMap& options, const Option& option, const Condition& condition) {
  const auto found = options.find(option.name);
  if (found == options.end()) return false;
  if (const bool* flag = std::get_if<bool>(&found->second))
    return condition.value == (*flag ? "true" : "false");
  const auto* name = std::get_if<std::string>(&found->second);
  return name && *name == condition.value;
}

Ability with_conditions(const Subject& subject, Ability start, Ability Condition::*member) {
  for (const Option& option : subject.info.options)
    for (const Condition& condition : option.conditions)
      if (applies(subject.options, option, condition)) start = start | condition.*member;
  return start;
}

}  // namespace

const Descriptor& Subject::descriptor() const {
  return map_plugin(info.file, info.kind, info.name);
}

Ability Subject::provides() const {
  return with_conditions(*this, info.provides, &Condition::provides);
}
Ability Subject::needs_of_model() const {
  return with_conditions(*this, info.needs_of_model, &Condition::needs_of_model);
}
Ability Subject::needs_of_family() const {
  return with_conditions(*this, info.needs_of_family, &Condition::needs_of_family);
}

Options Subject::resolved() const {
  Options given(options);
  if (reads) given.record_reads(*reads);
  return given;
}

Made<Model> Subject::model(std::uint64_t replicate, bool from_prior) const {
  return {resolved(), [&](const Options& given) {
            return descriptor().make_model({given, stream("data", replicate), from_prior});
          }};
}

Made<Family> Subject::family(Index dimension, Index context_dimension) const {
  return {resolved(), [&](const Options& given) {
            return descriptor().make_family({given, dimension, context_dimension, stream("init")});
          }};
}

Made<Estimator> Subject::estimator(Model& model, Family* family) const {
  return {resolved(), [&](const Options& given) {
            return descriptor().make_estimator({given, model, family, stream("init")});
          }};
}

Made<Optimizer> Subject::optimizer(std::span<Parameters* const> parameters,
                                   Index iterations) const {
  return {resolved(), [&](const Options& given) {
            return descriptor().make_optimizer({given, parameters, iterations});
          }};
}

Made<Sampler> Subject::sampler(Model& model, Index chains, Index warmup, Index draws,
                               Family* fitted) const {
  return {resolved(), [&](const Options& given) {
            return descriptor().make_sampler({given, model, chains, warmup, draws, fitted});
          }};
}

const Subject* Bench::find(Kind kind, Ability abilities,
                           const std::vector<std::string>& preferred) const {
  const auto suits = [&](const Subject& other) {
    return other.info.kind == kind && other.can(abilities);
  };
  for (const std::string& name : preferred)
    for (const Subject& other : others)
      if (other.info.name == name && suits(other)) return &other;
  const auto found = std::find_if(others.begin(), others.end(), suits);
  return found == others.end() ? nullptr : &*found;
}

RandomStream stream(std::string_view purpose, std::uint64_t replicate) {
  return {seed, replicate, purpose};
}

Eigen::MatrixXd normals(std::string_view purpose, Index rows, Index cols) {
  Eigen::MatrixXd block(rows, cols);
  RandomStream numbers = stream(purpose);
  numbers.fill_normal(block);
  return block;
}

}  // namespace elbow::check
