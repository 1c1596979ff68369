#include "check/exercise.hpp"

#include "check/chains.hpp"
#include "check/family_bench.hpp"
#include "check/fit_bench.hpp"
#include "check/targets.hpp"

namespace elbow::check {
namespace {

void use(Model& model) {
  Density* density = model.density();
  if (!density) return;
  const Eigen::MatrixXd z = Eigen::MatrixXd::Zero(density->dimension(), 2);
  Eigen::VectorXd log_p(2);
  density->log_density(z, log_p);
}

void use(Family& family, bool conditional) {
  if (conditional && family.conditional())
    family.conditional()->bind(Eigen::MatrixXf::Zero(2, 1), 2);
  const Eigen::MatrixXd noise = Eigen::MatrixXd::Constant(family.noise().rows(), 2, 0.3);
  Eigen::MatrixXd z(family.dimension(), 2);
  Eigen::VectorXd log_q(2);
  family.sample(noise, z, log_q);
}

void use_estimator(const Bench& bench) {
  FitBench fit(bench);
  Eigen::VectorXd trace(Index(fit->trace_fields().size()));
  for (Index i = 0; i < 3; ++i)
    if (fit.step(i, trace) != Progress::going) return;
}

void use_optimizer(const Subject& subject) {
  Parameters parameters;
  parameters.add("x", 2);
  Parameters* const all[] = {&parameters};
  const auto optimizer = subject.optimizer(all, 10);
  Gradient gradient(parameters);
  gradient.f64().setOnes();
  const Gradient* const gradients[] = {&gradient};
  for (int i = 0; i < 5; ++i) optimizer->step(gradients);
}

void use_sampler(const Subject& subject) {
  GaussianTarget target;
  if (!cannot_sample(subject).empty()) return;
  Chains run(subject, target, Eigen::MatrixXd::Zero(3, 4), 5, 5);
  for (Index i = 0; i < 10; ++i)
    if (run.transition() != Progress::going) return;
}

}  // namespace

void exercise(const Bench& bench, const OptionMap& options,
              std::set<std::string, std::less<>>& reads) {
  Bench changed = bench;
  changed.subject.options = options;
  changed.subject.reads = &reads;
  const Subject& subject = changed.subject;
  switch (subject.info.kind) {
    case Kind::model:
      return use(*subject.model());
    case Kind::family: {
      const bool conditional = subject.can(Ability::conditional);
      return use(*subject.family(roomy_dimension(subject, 3), conditional ? 2 : 0), conditional);
    }
    case Kind::estimator:
      // Without a model to work on it can only be looked at.
      if (FitBench::missing(changed).empty()) use_estimator(changed);
      return;
    case Kind::optimizer:
      return use_optimizer(subject);
    case Kind::sampler:
      return use_sampler(subject);
  }
}

}  // namespace elbow::check
