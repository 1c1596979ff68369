#include "check/fit_bench.hpp"

#include <algorithm>
#include <elbow/error.hpp>

#include "check/kept_state.hpp"
#include "check/pullback.hpp"
#include "check/targets.hpp"

namespace elbow::check {
namespace {

/// What the check's own targets offer.
constexpr Ability own_abilities = Ability::density | Ability::gradient | Ability::minibatch;
constexpr Ability binary_abilities = Ability::density | Ability::discrete;

bool wants_binary(const Subject& subject) {
  return includes(subject.needs_of_model(), Ability::discrete) ||
         includes(subject.needs_of_family(), Ability::discrete_draws);
}

bool own_target_suits(const Subject& subject) {
  const Ability offered = wants_binary(subject) ? binary_abilities : own_abilities;
  return includes(offered, subject.needs_of_model());
}

/// A conditional family needs context, which only items have; the plain ones come first otherwise.
const Subject* family_for(const Bench& bench) {
  const Ability needs = bench.subject.needs_of_family();
  const bool items = includes(bench.subject.needs_of_model(), Ability::latent_items);
  const Subject* found = bench.find(Kind::family, needs, {"gaussian_mean_field"});
  if (found && (found->can(Ability::conditional) == includes(needs, Ability::conditional) || items))
    return found;
  for (const Subject& other : bench.others)
    if (other.info.kind == Kind::family && other.can(needs) && !other.can(Ability::conditional))
      return &other;
  return nullptr;
}

}  // namespace

PlainAscent::PlainAscent(std::span<Parameters* const> parameters, double rate)
    : parameters_(parameters), rate_(rate) {
  for (const Parameters* p : parameters_) {
    first_.emplace_back(*p);
    second_.emplace_back(*p);
  }
}

void PlainAscent::step(std::span<const Gradient* const> gradients) {
  ++steps_;
  const double first_left = 1 - std::pow(0.9, steps_), second_left = 1 - std::pow(0.99, steps_);
  const auto move = [&](auto numbers, auto gradient, auto first, auto second) {
    using T = typename decltype(numbers)::Scalar;
    first = T(0.9) * first + T(0.1) * gradient;
    second = T(0.99) * second + T(0.01) * gradient.cwiseAbs2();
    numbers.array() += T(rate_ / first_left) * first.array() /
                       ((second.array() / T(second_left)).sqrt() + T(1e-8));
  };
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    move(parameters_[i]->f64(), gradients[i]->f64(), first_[i].f64(), second_[i].f64());
    move(parameters_[i]->f32(), gradients[i]->f32(), first_[i].f32(), second_[i].f32());
  }
}

void PlainAscent::estimate(Index which, Eigen::Ref<Eigen::VectorXd> f64,
                           Eigen::Ref<Eigen::VectorXf> f32) const {
  f64 = parameters_[std::size_t(which)]->f64();
  f32 = parameters_[std::size_t(which)]->f32();
}

std::string FitBench::missing(const Bench& bench) {
  const Subject& subject = bench.subject;
  if (!own_target_suits(subject) && !bench.find(Kind::model, subject.needs_of_model()))
    return "no model of the plugin folders has " + ability_names(subject.needs_of_model()) +
           " and can be made from its defaults";
  if (subject.info.uses_family && !family_for(bench))
    return "no family of the plugin folders has " + ability_names(subject.needs_of_family()) +
           " and can be made from its defaults";
  return "";
}

FitBench::FitBench(const Bench& bench, Model* target, double rate) {
  if (const std::string reason = missing(bench); !reason.empty()) throw Error(reason);
  const Subject& subject = bench.subject;
  if (target) {
    model_ = target;
  } else if (own_target_suits(subject)) {
    if (wants_binary(subject))
      built_in_ = std::make_unique<BinaryTarget>();
    else
      built_in_ = std::make_unique<GaussianTarget>();
    model_ = built_in_.get();
    own_target_ = true;
  } else {
    other_.emplace(bench.find(Kind::model, subject.needs_of_model())->model());
    model_ = &**other_;
  }
  if (subject.info.uses_family) {
    const Subject& chosen = *family_for(bench);
    LatentItems* items = model_->latent_items();
    const bool conditional = chosen.can(Ability::conditional);
    family_.emplace(chosen.family(
        items && conditional ? items->latent_dimension() : model_->density()->dimension(),
        items && conditional ? items->feature_dimension() : 0));
  }
  estimator_.emplace(subject.estimator(*model_, family()));
  trained_.assign((*estimator_)->trained().begin(), (*estimator_)->trained().end());
  if (subject.info.uses_optimizer) optimizer_ = std::make_unique<PlainAscent>(trained_, rate);
}

Fit FitBench::fit(Index iteration, std::uint64_t run) {
  return {*model_,
          family(),
          optimizer_.get(),
          iteration,
          stream("fit", run).substream(std::uint64_t(iteration)),
          {}};
}

Progress FitBench::step(Index iteration, VectorOut trace, std::uint64_t run) {
  Fit surroundings = fit(iteration, run);
  return (*estimator_)->step(surroundings, trace);
}

std::vector<Parameters*> FitBench::trained() { return trained_; }

std::vector<Parameters*> FitBench::moved() {
  std::vector<Parameters*> all = trained_;
  if (family_) all.push_back(&(*family_)->parameters());
  return all;
}

bool FitBench::go_on_from(FitBench& other) {
  KeptState state;
  if (!state.save(**other.estimator_)) return false;
  state.restore(**estimator_);
  if (optimizer_) {
    state.save(*other.optimizer_);
    state.restore(*optimizer_);
  }
  const std::vector<Parameters*> from = other.moved(), to = moved();
  for (std::size_t i = 0; i < to.size(); ++i) {
    to[i]->f64() = from[i]->f64();
    to[i]->f32() = from[i]->f32();
  }
  return true;
}

Eigen::VectorXd FitBench::state() {
  std::vector<Parameters*> all = moved();
  Fit surroundings = fit(0);
  if (Family* q = (*estimator_)->approximation(surroundings)) all.push_back(&q->parameters());
  Eigen::VectorXd numbers(0);
  for (const Parameters* parameters : all) {
    const Index before = numbers.size();
    numbers.conservativeResize(before + parameters->size());
    numbers.tail(parameters->size()) = numbers_of(*parameters);
  }
  return numbers;
}

}  // namespace elbow::check
