#include <elbow/error.hpp>
#include <elbow/joint_target.hpp>
#include <numeric>

namespace elbow {
namespace {

constexpr std::uint64_t data_noise = 0x64617461;

}  // namespace

JointTarget::JointTarget(Model& model, Family& family, Index draws_per_item)
    : family_(family),
      density_(model.latent_items() ? nullptr : model.density()),
      items_(model.latent_items()),
      draws_per_item_(draws_per_item) {
  if (!items_ && !density_) throw Unsupported("the model has neither data items nor a density");
  if (!items_) return;
  if (!family.conditional())
    throw Unsupported("data items with latents of their own need a family with context");
  gaussian_ = family.diagonal_gaussian();
  mixture_ = items_->mixture_prior();
  if (mixture_ && !gaussian_)
    throw Unsupported(
        "a mixture of posteriors as prior needs a family with diagonal_gaussian posteriors");
}

std::vector<Parameters*> JointTarget::trained() const {
  std::vector<Parameters*> all = {&family_.parameters()};
  if (items_) all.push_back(&items_->parameters());
  return all;
}

void JointTarget::begin(const Fit& fit) {
  if (items_) begin(LatentItems::Split::train, fit.items, fit.stream.substream(data_noise));
}

void JointTarget::begin(LatentItems::Split split, std::span<const Index> items,
                        RandomStream stream) {
  if (items.empty()) {
    if (Index(all_.size()) != items_->item_count(split)) {
      all_.resize(std::size_t(items_->item_count(split)));
      std::iota(all_.begin(), all_.end(), Index(0));
    }
    items = all_;
  }
  count_ = Index(items.size());
  items_->use_items(split, items, stream);
  bind(draws_per_item_);
}

void JointTarget::begin_dream(Index items, RandomStream stream, DrawsOut z) {
  count_ = items;
  items_->dream(stream, z);
  bind(1);
}

void JointTarget::bind(Index draws_per_item) {
  Conditional& q = *family_.conditional();
  if (!mixture_) return q.bind(items_->features(), draws_per_item);
  const Context pseudo = mixture_->pseudo_inputs();
  context_.resize(pseudo.rows(), count_ + pseudo.cols());
  context_.leftCols(count_) = items_->features();
  context_.rightCols(pseudo.cols()) = pseudo;
  q.bind(context_, draws_per_item, true);
  const auto means = gaussian_->means();
  mixture_->set_components(means.rightCols(pseudo.cols()),
                           gaussian_->log_sds().rightCols(pseudo.cols()));
}

void JointTarget::log_joint(Draws z, VectorOut log_likelihood, VectorOut log_prior,
                            bool with_gradient) {
  if (items_) return items_->log_joint(z, log_likelihood, log_prior);
  if (log_prior.size() > 0) log_prior.setZero();
  if (!with_gradient) return density_->log_density(z, log_likelihood);
  g_z_.resize(z.rows(), z.cols());
  density_->log_density_gradient(z, log_likelihood, g_z_);
}

void JointTarget::log_joint_pullback(Vector likelihood_weights, Vector prior_weights,
                                     std::span<const GradientOut> gradients, DrawsOut g_z) {
  if (items_)
    return items_->log_joint_pullback(likelihood_weights, prior_weights, gradients[1], g_z);
  if (g_z.size() > 0) g_z.noalias() = g_z_ * likelihood_weights.asDiagonal();
}

void JointTarget::add_components(Draws g_z, Vector g_log_q,
                                 std::span<const GradientOut> gradients) {
  const Index components = g_mean_.cols() - count_;
  mixture_->components_gradient(g_mean_.rightCols(components), g_log_sd_.rightCols(components));
  gaussian_->pullback(g_z, g_log_q, g_mean_, g_log_sd_, gradients[0]);
  context_gradient_.resize(context_.rows(), context_.cols());
  family_.conditional()->context_gradient(context_gradient_);
  mixture_->pseudo_inputs_pullback(context_gradient_.rightCols(components), gradients[1]);
}

void JointTarget::sample_pullback(Draws g_z, Vector g_log_q,
                                  std::span<const GradientOut> gradients) {
  if (!mixture_) return family_.sample_pullback(g_z, g_log_q, gradients[0]);
  g_mean_.setZero(g_z.rows(), context_.cols());
  g_log_sd_.setZero(g_z.rows(), context_.cols());
  add_components(g_z, g_log_q, gradients);
}

void JointTarget::gaussian_pullback(Draws g_z, Draws g_mean, Draws g_log_sd,
                                    std::span<const GradientOut> gradients) {
  if (!mixture_) return gaussian_->pullback(g_z, unwanted_vector(), g_mean, g_log_sd, gradients[0]);
  g_mean_.resize(g_mean.rows(), context_.cols());
  g_log_sd_.resize(g_mean.rows(), context_.cols());
  g_mean_.leftCols(count_) = g_mean;
  g_log_sd_.leftCols(count_) = g_log_sd;
  add_components(g_z, unwanted_vector(), gradients);
}

void JointTarget::log_prob_pullback(Vector w, std::span<const GradientOut> gradients) {
  family_.log_prob_pullback(w, gradients[0], unwanted());
  if (!mixture_) return;
  g_mean_.setZero(family_.dimension(), context_.cols());
  g_log_sd_.setZero(family_.dimension(), context_.cols());
  add_components(unwanted(), unwanted_vector(), gradients);
}

}  // namespace elbow
