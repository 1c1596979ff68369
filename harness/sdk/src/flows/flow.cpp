#include <cmath>
#include <elbow/error.hpp>
#include <elbow/flows/flow.hpp>

namespace elbow::flows {
namespace {

std::vector<DenseLayer> tanh_layers(const std::vector<Index>& widths) {
  std::vector<DenseLayer> layers;
  for (const Index width : widths) layers.push_back({width, Activation::tanh});
  return layers;
}

/// Columns only grow, so that calls of several sizes in turn do not allocate.
void reserve(Eigen::MatrixXd& block, Index rows, Index columns) {
  if (block.cols() < columns) block.resize(rows, columns);
}

}  // namespace

Flow::Flow(const FamilySetup& setup)
    : dimension_(setup.dimension),
      stream_(setup.init_stream),
      mean_(parameters_.add("mean", dimension_)),
      log_scale_(parameters_.add("log_scale", dimension_)) {
  base_ = make_base(setup.options, dimension_, parameters_, stream_);
  transports_ = base_->noise().uniforms == 0;
  parameters_.vector(log_scale_).setConstant(std::log(setup.options.real("initial_scale")));
}

Flow::Flow(const FamilySetup& setup, const std::vector<Index>& encoder)
    : dimension_(setup.dimension), stream_(setup.init_stream), base_(normal_base(dimension_)) {
  encoder_ = std::make_unique<Network>(parameters_, "encoder", setup.context_dimension,
                                       tanh_layers(encoder), stream_);
  const std::vector<DenseLayer> linear = {
      {2 * dimension_, Activation::identity, WeightStart::zero,
       1 / std::sqrt(double(std::max<Index>(1, encoder_->outputs())))}};
  head_ = std::make_unique<Network>(parameters_, "head", encoder_->outputs(), linear, stream_);
  parameters_.vector(head_->bias(0))
      .tail(dimension_)
      .setConstant(std::log(setup.options.real("initial_scale")));
}

void Flow::reserve_items(Index items) {
  items_ = items;
  for (Eigen::MatrixXd* block : {&location_, &log_scales_, &scale_, &g_mean_, &g_log_scale_})
    reserve(*block, dimension_, items);
}

void Flow::bind(Context context, Index draws_per_item, bool for_gradient) {
  per_item_ = draws_per_item;
  for_gradient_ = for_gradient;
  reserve_items(context.cols());
  encoder_->begin(encoder_pass_, items_);
  encoder_pass_.input() = context.cast<double>();
  encoder_->forward(parameters_, encoder_pass_);
  head_->begin(head_pass_, items_);
  head_pass_.input() = encoder_pass_.output();
  head_->forward(parameters_, head_pass_);
  location_.leftCols(items_) = head_pass_.output().topRows(dimension_);
  log_scales_.leftCols(items_) = head_pass_.output().bottomRows(dimension_);
  scale_.leftCols(items_) = log_scales_.leftCols(items_).array().exp();
}

void Flow::context_gradient(ContextOut g_context) {
  if (!for_gradient_)
    throw Error("a flow was asked for the gradient by a context that was not bound for it");
  g_context = encoder_pass_.input_gradient().cast<float>();
}

void Flow::prepare(Pass& pass, Index draws) {
  if (!head_) {
    reserve_items(1);
    location_.col(0) = parameters_.vector(mean_);
    log_scales_.col(0) = parameters_.vector(log_scale_);
    scale_.col(0) = log_scales_.col(0).array().exp();
  } else if (draws > items_ * per_item_) {
    throw Error("a flow bound to " + std::to_string(items_) + " contexts with " +
                std::to_string(per_item_) + " draws each was asked for " + std::to_string(draws));
  }
  reserve(pass.e, dimension_, draws);
  reserve(pass.x, dimension_, draws);
  reserve(pass.features, features(), draws);
  reserve(g_, dimension_, draws);
  reserve(g_features_, features(), draws);
  if (weight_.size() < draws) {
    weight_.resize(draws);
    log_determinant_.resize(draws);
  }
  base_->reserve(draws);
  for (const auto& layer : layers_) layer->reserve(draws);
  for (Index s = 0; s < draws; ++s) {
    log_determinant_[s] = log_scales_.col(item(s)).sum();
    if (head_) pass.features.col(s) = encoder_pass_.output().col(item(s));
  }
}

void Flow::pull_back_scale(Index draws, GradientOut phi) {
  const auto g_mean = g_mean_.leftCols(items_), g_log_scale = g_log_scale_.leftCols(items_);
  if (!head_) {
    phi.vector(mean_) += g_mean;
    phi.vector(log_scale_) += g_log_scale;
    return;
  }
  auto to_head = head_pass_.output_gradient();
  to_head.topRows(dimension_) = g_mean;
  to_head.bottomRows(dimension_) = g_log_scale;
  head_->backward(parameters_, head_pass_, phi);
  auto to_features = encoder_pass_.output_gradient();
  to_features = head_pass_.input_gradient();
  for (Index s = 0; s < draws; ++s) to_features.col(item(s)) += g_features_.col(s);
  encoder_->backward(parameters_, encoder_pass_, phi, for_gradient_);
}

void Flow::sample(Draws noise, DrawsOut z, VectorOut log_q) {
  const Index draws = noise.cols();
  prepare(up_, draws);
  auto e = up_.e.leftCols(draws), x = up_.x.leftCols(draws);
  base_->draw(noise, e, log_q);
  x = e;
  auto log_determinant = log_determinant_.head(log_q.size());
  for (const auto& layer : layers_)
    layer->apply(Way::up, parameters_, up_.features.leftCols(draws), x, log_determinant);
  for (Index s = 0; s < draws; ++s) {
    const Index b = item(s);
    z.col(s) = location_.col(b) + scale_.col(b).cwiseProduct(x.col(s));
  }
  log_q -= log_determinant;
}

void Flow::sample_pullback(Draws g_z, Vector g_log_q, GradientOut phi) {
  const Index draws = g_z.cols();
  auto g = g_.leftCols(draws), g_features = g_features_.leftCols(draws);
  auto weight = weight_.head(g_log_q.size());
  weight = -g_log_q;
  g_features.setZero();
  g_mean_.setZero();
  g_log_scale_.setZero();
  for (Index s = 0; s < draws; ++s) {
    const Index b = item(s);
    g_mean_.col(b) += g_z.col(s);
    g.col(s) = scale_.col(b).cwiseProduct(g_z.col(s));
    g_log_scale_.col(b) += g.col(s).cwiseProduct(up_.x.col(s));
    if (weight.size() > 0) g_log_scale_.col(b).array() += weight[s];
  }
  for (std::size_t k = layers_.size(); k-- > 0;)
    layers_[k]->pull_back(Way::up, parameters_, g, weight, phi, g_features);
  base_->draw_pullback(g, g_log_q, phi);
  pull_back_scale(draws, phi);
}

void Flow::log_prob(Draws z, VectorOut log_q) {
  const Index draws = z.cols();
  prepare(down_, draws);
  auto e = down_.e.leftCols(draws), x = down_.x.leftCols(draws);
  for (Index s = 0; s < draws; ++s) {
    const Index b = item(s);
    x.col(s) = (z.col(s) - location_.col(b)).cwiseQuotient(scale_.col(b));
  }
  e = x;
  auto log_determinant = log_determinant_.head(draws);
  for (std::size_t k = layers_.size(); k-- > 0;)
    layers_[k]->apply(Way::down, parameters_, down_.features.leftCols(draws), e, log_determinant);
  base_->log_density(e, log_q);
  log_q -= log_determinant;
}

void Flow::log_prob_pullback(Vector w, GradientOut phi, DrawsOut g_z) {
  const Index draws = w.size();
  auto g = g_.leftCols(draws), g_features = g_features_.leftCols(draws);
  auto weight = weight_.head(draws);
  weight = -w;
  g_features.setZero();
  base_->log_density_pullback(w, phi, g);
  for (const auto& layer : layers_)
    layer->pull_back(Way::down, parameters_, g, weight, phi, g_features);
  g_mean_.setZero();
  g_log_scale_.setZero();
  for (Index s = 0; s < draws; ++s) {
    const Index b = item(s);
    g_log_scale_.col(b) -= g.col(s).cwiseProduct(down_.x.col(s));
    g_log_scale_.col(b).array() -= w[s];
    g.col(s) = g.col(s).cwiseQuotient(scale_.col(b));
    g_mean_.col(b) -= g.col(s);
  }
  if (g_z.size() > 0) g_z = g;
  if (phi) pull_back_scale(draws, phi);
}

// log q = log N(e; 0, I) - log |det dz/de|.
void Flow::transport_pullback(Draws g_z, Vector g_log_q, DrawsOut g_e) {
  const Index draws = g_z.cols();
  auto weight = weight_.head(draws);
  weight = -g_log_q;
  g_e = scale_.col(0).asDiagonal() * g_z;
  for (std::size_t k = layers_.size(); k-- > 0;)
    layers_[k]->pull_back(Way::up, parameters_, g_e, weight, {}, g_features_.leftCols(draws));
  for (Index s = 0; s < draws; ++s) g_e.col(s) -= g_log_q[s] * up_.e.col(s);
}

}  // namespace elbow::flows
