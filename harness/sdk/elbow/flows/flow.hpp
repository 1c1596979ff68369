#pragma once

#include <elbow/dense_network.hpp>
#include <elbow/family.hpp>
#include <elbow/flows/flow_base.hpp>
#include <elbow/flows/flow_layer.hpp>
#include <elbow/option.hpp>
#include <memory>
#include <vector>

namespace elbow::flows {

/// `layers`, `hidden`, then a flow's own options, then `initial_scale`; with those
/// of the base where it may be chosen.
std::vector<Option> flow_options(std::int64_t layers, std::vector<Option> own,
                                 bool with_base = true);

/// The option `split` of couplings, and what it says of all `layers` of them; in one dimension only
/// those that move something.
Option split_option();
std::vector<Split> make_splits(const Options& options, Index dimension, RandomStream& stream);

/// The option `order` of autoregressive maps, and what it says of all `layers` of them.
Option order_option();
std::vector<std::vector<Index>> make_orders(const Options& options, Index dimension,
                                            RandomStream& stream);

/// z = m + s x_K with x_0 from the base and x_k the output of layer k. With context c there are
/// features h = tanh layers of c, which layers see, and (m, log s) = A h + b, where A begins at
/// zero.
class Flow : public Family, public Transport, public Conditional {
 public:
  Index dimension() const final { return dimension_; }
  NoiseShape noise() const final { return base_->noise(); }
  Parameters& parameters() final { return parameters_; }

  void sample(Draws noise, DrawsOut z, VectorOut log_q) final;
  void sample_pullback(Draws g_z, Vector g_log_q, GradientOut phi) final;
  void log_prob(Draws z, VectorOut log_q) final;
  void log_prob_pullback(Vector w, GradientOut phi, DrawsOut g_z) final;

  /// Null where the base is not normal, or with context.
  Transport* transport_map() final { return transports_ ? this : nullptr; }
  void transport(Draws e, DrawsOut z, VectorOut log_q) final { sample(e, z, log_q); }
  void transport_pullback(Draws g_z, Vector g_log_q, DrawsOut g_e) final;

  /// Null without context.
  Conditional* conditional() final { return head_ ? this : nullptr; }
  Index context_dimension() const final { return head_ ? encoder_->inputs() : 0; }
  void bind(Context context, Index draws_per_item, bool for_gradient = false) final;
  void context_gradient(ContextOut g_context) final;

 protected:
  /// Reads `base`, `components` and `initial_scale`.
  explicit Flow(const FamilySetup& setup);
  /// Of a flow with context, from normal numbers; reads `initial_scale`.
  /// @param encoder  widths of the layers from the context to the features; may be empty
  Flow(const FamilySetup& setup, const std::vector<Index>& encoder);

  Index features() const { return head_ ? encoder_->outputs() : 0; }  ///< F, for layers
  /// On the way up layers act in the order in which they are added.
  void add(std::unique_ptr<FlowLayer> layer) { layers_.push_back(std::move(layer)); }
  RandomStream& stream() { return stream_; }

 private:
  using Network = DenseNetwork<double>;

  /// What one way leaves behind for its pull-back.
  struct Pass {
    Eigen::MatrixXd e, x;      ///< [D x S]  x_0 and x_K
    Eigen::MatrixXd features;  ///< [F x S]
  };

  /// Room, m and s, and the features of every draw; `log_determinant_` begins as that of s.
  void prepare(Pass& pass, Index draws);
  void reserve_items(Index items);
  Index item(Index draw) const { return head_ ? draw / per_item_ : 0; }
  /// From g_mean_, g_log_scale_ and the draws' g_features_ to phi.
  void pull_back_scale(Index draws, GradientOut phi);

  Index dimension_;
  RandomStream stream_;
  Parameters parameters_;
  std::unique_ptr<FlowBase> base_;
  bool transports_ = false;
  BlockId<double> mean_, log_scale_;         ///< without context
  std::unique_ptr<Network> encoder_, head_;  ///< with context
  std::vector<std::unique_ptr<FlowLayer>> layers_;
  Network::Pass encoder_pass_, head_pass_;         ///< of the most recent bind
  Index items_ = 1, per_item_ = 0;                 ///< B, K; without context there is one item
  bool for_gradient_ = false;                      ///< of the context
  Eigen::MatrixXd location_, log_scales_, scale_;  ///< [D x B]  m, log s, s
  Pass up_, down_;
  Eigen::MatrixXd g_, g_features_;            ///< [D x S], [F x S]
  Eigen::MatrixXd g_mean_, g_log_scale_;      ///< [D x B]
  Eigen::VectorXd log_determinant_, weight_;  ///< [S]
};

}  // namespace elbow::flows
