#include "cell/referenced_model.hpp"

#include <cmath>

#include "diagnostics/effective_sample_size.hpp"

namespace elbow {

ReferencedModel::ReferencedModel(std::unique_ptr<Model> model, MatchedDraws draws)
    : model_(std::move(model)), chains_(std::move(draws.chains)) {}

std::optional<Reference::Moments> ReferencedModel::moments() const {
  if (moments_) return moments_;
  const Index variables = chains_.front().cols(), draws = chains_.front().rows();
  Moments m{Eigen::VectorXd(variables), Eigen::VectorXd(variables), Eigen::VectorXd(variables),
            Eigen::VectorXd(variables)};
  Eigen::MatrixXd x(draws, Index(chains_.size()));
  for (Index c = 0; c < variables; ++c) {
    for (std::size_t chain = 0; chain < chains_.size(); ++chain)
      x.col(Index(chain)) = chains_[chain].col(c);
    m.mean[c] = x.mean();
    m.sd[c] = std::sqrt((x.array() - m.mean[c]).square().sum() / double(x.size() - 1));
    m.mean_standard_error[c] = mcse_mean(x);
    m.sd_standard_error[c] = mcse_sd(x);
  }
  moments_ = std::move(m);
  return moments_;
}

Eigen::MatrixXd ReferencedModel::reference_draws() const {
  const Index draws = chains_.front().rows();
  Eigen::MatrixXd all(chains_.front().cols(), draws * Index(chains_.size()));
  for (std::size_t chain = 0; chain < chains_.size(); ++chain)
    all.middleCols(Index(chain) * draws, draws) = chains_[chain].transpose();
  return all;
}

std::optional<Estimate> ReferencedModel::log_evidence() const {
  const Reference* own = model_->reference();
  return own ? own->log_evidence() : std::nullopt;
}
std::optional<Reference::Gaussian> ReferencedModel::gaussian() const {
  const Reference* own = model_->reference();
  return own ? own->gaussian() : std::nullopt;
}
bool ReferencedModel::has_exact_sampler() const {
  const Reference* own = model_->reference();
  return own && own->has_exact_sampler();
}
void ReferencedModel::sample(RandomStream& stream, DrawsOut z) const {
  if (!has_exact_sampler()) return Reference::sample(stream, z);
  model_->reference()->sample(stream, z);
}

}  // namespace elbow
