#include "check/family_bench.hpp"

#include <elbow/error.hpp>

#include "check/pullback.hpp"

namespace elbow::check {

Index roomy_dimension(const Subject& subject, Index least) {
  const Index context = subject.can(Ability::conditional) ? FamilyBench::context_dimension : 0;
  const auto has_room = [&](Index dimension) {
    try {
      subject.family(dimension, context);
      return true;
    } catch (const OptionError&) {
      return false;
    }
  };
  Index dimension = least;
  while (dimension <= 64 * least && !has_room(dimension)) dimension *= 2;
  if (dimension > 64 * least) subject.family(least, context);  // says why
  return dimension;
}

FamilyBench::FamilyBench(const Subject& subject, Index dimension)
    : conditional_(subject.can(Ability::conditional)),
      dimension_(dimension),
      family_(subject.family(dimension, conditional_ ? context_dimension : 0)),
      contexts_(normals("contexts", context_dimension, 2).cast<float>()) {
  perturb(family_->parameters(), 0.15);
  if (conditional_ && !family_->conditional())
    throw Error("the ability \"conditional\" is declared, but conditional() is null");
}

Scalar FamilyBench::scalar() const {
  return family_->parameters().f32().size() > 0 ? Scalar::f32 : Scalar::f64;
}

void FamilyBench::bind(Index draws) {
  bound_ = contexts_;
  draws_per_context_ = draws / 2;
  rebind();
}

void FamilyBench::bind_one(Index context, Index draws) {
  bound_ = contexts_.col(context);
  draws_per_context_ = draws;
  rebind();
}

void FamilyBench::rebind() const {
  if (conditional_ && draws_per_context_ > 0)
    family_->conditional()->bind(bound_, draws_per_context_, true);
}

Eigen::MatrixXd FamilyBench::noise(Index draws, std::string_view purpose) const {
  const NoiseShape shape = family_->noise();
  Eigen::MatrixXd block(shape.rows(), draws);
  RandomStream numbers = stream(purpose);
  fill_noise(shape, numbers, block);
  return block;
}

FamilyBench::Sample FamilyBench::sample(Draws noise) const {
  Sample result{Eigen::MatrixXd::Constant(dimension_, noise.cols(), NAN),
                Eigen::VectorXd::Constant(noise.cols(), NAN)};
  rebind();
  family_->sample(noise, result.z, result.log_q);
  return result;
}

Eigen::VectorXd FamilyBench::log_prob(Draws z) const {
  Eigen::VectorXd log_q = Eigen::VectorXd::Constant(z.cols(), NAN);
  rebind();
  family_->log_prob(z, log_q);
  return log_q;
}

}  // namespace elbow::check
