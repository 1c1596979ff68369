#include "check/chains.hpp"

namespace elbow::check {

Chains::Chains(const Subject& subject, Model& target, const Eigen::MatrixXd& start, Index warmup,
               Index draws, Index first, std::string_view purpose)
    : warmup_(warmup),
      first_(first),
      root_(stream(purpose)),
      streams_(std::size_t(start.cols()), root_),
      z_(start),
      log_density_(start.cols()),
      sampler_(subject.sampler(target, start.cols(), warmup, draws)),
      statistics_(Index(sampler_->statistics().size()), start.cols()),
      log_weights_(Eigen::VectorXd::Zero(start.cols())) {
  target.density()->log_density(z_, log_density_);
  // The host's streams of the start are those before the first transition.
  for (std::size_t c = 0; c < streams_.size(); ++c)
    streams_[c] = root_.substream(std::uint64_t(first_) + c).substream(0);
  sampler_->start(streams_, z_, log_density_);
}

void Chains::set_streams() {
  for (std::size_t c = 0; c < streams_.size(); ++c)
    streams_[c] =
        root_.substream(std::uint64_t(first_) + c).substream(std::uint64_t(iteration_) + 1);
}

Progress Chains::transition() {
  set_streams();
  Transition step{iteration_,   iteration_ < warmup_, streams_,     z_,
                  log_density_, statistics_,          log_weights_, 0};
  const Progress progress = sampler_->transition(step);
  log_evidence_ += step.log_evidence_increment;
  ++iteration_;
  return progress;
}

std::string cannot_sample(const Subject& subject) {
  const Ability offered = Ability::density | Ability::gradient | Ability::minibatch;
  const Ability missing = subject.needs_of_model() & ~offered;
  if (missing != Ability::none)
    return "it needs " + ability_names(missing) + ", which the check's own targets do not have";
  if (subject.info.uses_family) return "it follows a fit";
  return "";
}

}  // namespace elbow::check
