#pragma once

#include <numeric>

#include "support/plugin_under_test.hpp"

namespace elbow::test {

using Split = LatentItems::Split;

inline Eigen::VectorXd no_hidden_layers() { return Eigen::VectorXd(0); }

inline Eigen::VectorXd widths(double width) { return Eigen::VectorXd::Constant(1, width); }

/// Options of a vae: few small images and a small decoder.
inline OptionMap tiny(OptionMap more = {}) {
  OptionMap all = {{"train", std::int64_t(40)},        {"test", std::int64_t(10)},
                   {"rows", std::int64_t(5)},          {"columns", std::int64_t(4)},
                   {"latents", std::int64_t(3)},       {"hidden", widths(7)},
                   {"activation", std::string("tanh")}};
  for (auto& [name, value] : more) all[name] = value;
  return all;
}

/// The encoder N(A x + a, diag(s^2)) that is the exact posterior of factor analysis whose weights
/// are orthogonal in units of the noise.
inline void make_posterior(Parameters& phi, Parameters& theta) {
  const auto block = [](Parameters& of, const std::string& name) {
    for (const BlockInfo& info : of.blocks())
      if (info.name == name) return info;
    throw Error("no block " + name);
  };
  const auto f64 = [&](const std::string& name) {
    const BlockInfo info = block(theta, name);
    return Eigen::Map<Eigen::MatrixXd>(theta.f64().data() + info.offset, info.rows, info.cols);
  };
  const Eigen::MatrixXd w = f64("weights");
  const Eigen::VectorXd b = f64("bias").col(0), log_sd = f64("log_sd").col(0);
  const Eigen::VectorXd precision =
      log_sd.size() == 1 ? Eigen::VectorXd::Constant(w.rows(), std::exp(-2 * log_sd[0]))
                         : Eigen::VectorXd((-2 * log_sd.array()).exp());
  const Eigen::MatrixXd to_z = w.transpose() * precision.asDiagonal();
  const Eigen::ArrayXd posterior = (to_z * w).diagonal().array() + 1;
  const Index d = w.cols();
  const BlockInfo a = block(phi, "encoder_weights_1"), bias = block(phi, "encoder_bias_1");
  Eigen::Map<Eigen::MatrixXf> weights(phi.f32().data() + a.offset, 2 * d, w.rows());
  weights.topRows(d) = (posterior.inverse().matrix().asDiagonal() * to_z).cast<float>();
  weights.bottomRows(d).setZero();
  Eigen::Map<Eigen::VectorXf> shift(phi.f32().data() + bias.offset, 2 * d);
  shift.head(d) = (posterior.inverse().matrix().asDiagonal() * to_z * -b).cast<float>();
  shift.tail(d) = (-0.5 * posterior.log()).cast<float>();
}

/// Mean exact log p(x) of a split.
inline double mean_evidence(LatentItems& items, Split split) {
  std::vector<Index> all(std::size_t(items.item_count(split)));
  std::iota(all.begin(), all.end(), Index(0));
  items.use_items(split, all, stream(1));
  Eigen::VectorXd log_p(Index(all.size()));
  items.known_evidence()->item_log_evidence(log_p);
  return log_p.mean();
}

/// Value and gradient of one estimate, all trained parameters behind each other.
class Measured {
 public:
  explicit Measured(Estimator& method)
      : method_(*method.gradient_estimator()), trace_(Index(method_.own_fields().size())) {
    for (Parameters* parameters : method_.trained()) {
      gradients_.emplace_back(*parameters);
      size_ += parameters->size();
    }
    for (Gradient& gradient : gradients_) outs_.push_back(gradient.out());
  }

  Index size() const { return size_; }
  double value(Model& model, Family& q, std::uint64_t run, std::span<const Index> items) {
    for (Gradient& gradient : gradients_) gradient.set_zero();
    Fit fit{model, &q, nullptr, 0, stream(7, "fit").substream(run), items};
    return method_.value_and_gradient(fit, outs_, trace_);
  }
  double slope(const Eigen::VectorXd& direction) const {
    double sum = 0;
    Index at = 0;
    for (const Gradient& gradient : gradients_) {
      sum += gradient.f64().dot(direction.segment(at, gradient.f64().size()));
      at += gradient.f64().size();
      sum += gradient.f32().cast<double>().dot(direction.segment(at, gradient.f32().size()));
      at += gradient.f32().size();
    }
    return sum;
  }
  void move(const Eigen::VectorXd& direction, double step) {
    Index at = 0;
    for (Parameters* parameters : method_.trained()) {
      parameters->f64() += step * direction.segment(at, parameters->f64().size());
      at += parameters->f64().size();
      parameters->f32() += (step * direction.segment(at, parameters->f32().size())).cast<float>();
      at += parameters->f32().size();
    }
  }
  const Eigen::VectorXd& trace() const { return trace_; }

 private:
  GradientEstimator& method_;
  Eigen::VectorXd trace_;
  std::vector<Gradient> gradients_;
  std::vector<GradientOut> outs_;
  Index size_ = 0;
};

inline Eigen::VectorXd direction(Index size, std::uint64_t seed) {
  Eigen::MatrixXd u(size, 1);
  RandomStream numbers = stream(seed, "direction");
  numbers.fill_normal(u);
  return u.col(0).normalized();
}

}  // namespace elbow::test
