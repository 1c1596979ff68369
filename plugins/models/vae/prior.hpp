#pragma once

#include <elbow/dense_network.hpp>
#include <elbow/elbow.hpp>

namespace elbow::vae {

/// The prior of the latents, of the top layer where there are two.
class Prior {
 public:
  virtual ~Prior() = default;
  /// Adds log p(z) to `log_p`. @param z  [D x S]
  virtual void add_log_density(Draws z, VectorOut log_p) = 0;
  /// Of the most recent `add_log_density`: adds to `theta`, and w[s] d log p / d z to `g_z`, which
  /// may be empty.
  virtual void pullback(Vector w, GradientOut theta, DrawsOut g_z) = 0;
  virtual void sample(RandomStream& stream, DrawsOut z) = 0;
  virtual GaussianPrior* gaussian() { return nullptr; }
  virtual MixturePrior* mixture() { return nullptr; }
};

/// N(mean, diag(sd^2)): both trained, or N(0, I).
class DiagonalPrior final : public Prior, private GaussianPrior {
 public:
  DiagonalPrior(Parameters& theta, Index dimension, bool trained)
      : theta_(theta), trained_(trained), white_(dimension, 0) {
    if (!trained) return;
    mean_ = theta.add("prior_mean", dimension);
    log_sd_ = theta.add("prior_log_sd", dimension);
  }

  void add_log_density(Draws z, VectorOut log_p) override {
    white_ = z;
    double constant = 0.5 * double(z.rows()) * log_2pi;
    if (trained_) {
      white_.colwise() -= theta_.vector(mean_);
      per_sd_ = (-theta_.vector(log_sd_).array()).exp();
      white_.array().colwise() *= per_sd_.array();
      constant += theta_.vector(log_sd_).sum();
    }
    for (Index s = 0; s < z.cols(); ++s) log_p[s] -= 0.5 * white_.col(s).squaredNorm() + constant;
  }
  void pullback(Vector w, GradientOut theta, DrawsOut g_z) override {
    for (Index s = 0; s < w.size(); ++s) {
      const auto white = white_.col(s).array();
      if (!trained_) {
        if (g_z.size() > 0) g_z.col(s).array() -= w[s] * white;
        continue;
      }
      const auto score = w[s] * white * per_sd_.array();
      if (g_z.size() > 0) g_z.col(s).array() -= score;
      if (!theta) continue;
      theta.vector(mean_).array() += score;
      theta.vector(log_sd_).array() += w[s] * (white.square() - 1);
    }
  }
  void sample(RandomStream& stream, DrawsOut z) override {
    stream.fill_normal(z);
    if (!trained_) return;
    per_sd_ = (-theta_.vector(log_sd_).array()).exp();
    z.array().colwise() /= per_sd_.array();
    z.colwise() += theta_.vector(mean_);
  }
  GaussianPrior* gaussian() override { return this; }

 private:
  void moments(VectorOut mean, VectorOut log_sd) override {
    mean.setZero();
    log_sd.setZero();
    if (!trained_) return;
    mean = theta_.vector(mean_);
    log_sd = theta_.vector(log_sd_);
  }
  void pullback(Vector g_mean, Vector g_log_sd, GradientOut theta) override {
    if (!trained_ || !theta) return;
    theta.vector(mean_) += g_mean;
    theta.vector(log_sd_) += g_log_sd;
  }

  Parameters& theta_;
  bool trained_;
  BlockId<double> mean_{}, log_sd_{};
  Eigen::MatrixXd white_;   ///< [D x S]
  Eigen::VectorXd per_sd_;  ///< [D]
};

/// Affine couplings (Dinh et al. 2017, eqs. 4-8) from z to a standard normal e: in every layer one
/// half h moves to (h - t) exp(-s), where t and s are a network of the other half. It begins as
/// N(0, I).
class FlowPrior final : public Prior {
 public:
  FlowPrior(Parameters& theta, Index dimension, Index layers, const Eigen::VectorXd& hidden,
            RandomStream& stream)
      : theta_(theta), half_(dimension / 2) {
    if (dimension < 2)
      throw OptionError("prior \"flow\" couples coordinates: it needs at least 2, got 1");
    couplings_.reserve(std::size_t(layers));
    for (Index l = 0; l < layers; ++l) {
      const Index given = l % 2 == 0 ? half_ : dimension - half_, moved = dimension - given;
      std::vector<DenseLayer> net;
      for (const Index width : layer_widths(hidden)) net.push_back({width, Activation::tanh});
      net.push_back({2 * moved, Activation::identity, WeightStart::zero});
      couplings_.push_back({l % 2 == 0 ? 0 : half_,
                            given,
                            l % 2 == 0 ? half_ : 0,
                            moved,
                            DenseNetwork<float>(theta, "prior_" + std::to_string(l + 1), given,
                                                std::move(net), stream),
                            {},
                            {},
                            {}});
    }
  }

  void add_log_density(Draws z, VectorOut log_p) override {
    e_ = z;
    for (Coupling& c : couplings_) {
      transform(c, e_);
      auto moved = e_.middleRows(c.moved_first, c.moved);
      moved = (moved - c.shift).cwiseProduct((-c.log_scale.array()).exp().matrix());
      c.after = moved;
      log_p -= c.log_scale.colwise().sum().transpose();
    }
    const double constant = 0.5 * double(z.rows()) * log_2pi;
    for (Index s = 0; s < z.cols(); ++s) log_p[s] -= 0.5 * e_.col(s).squaredNorm() + constant;
  }

  void pullback(Vector w, GradientOut theta, DrawsOut g_z) override {
    g_ = -e_ * w.asDiagonal();
    for (auto c = couplings_.rbegin(); c != couplings_.rend(); ++c) {
      auto g = g_.middleRows(c->moved_first, c->moved);
      auto output = c->pass.output_gradient();
      // d log p / ds = -g after - w, and s = 2 tanh(raw / 2).
      output.bottomRows(c->moved) =
          ((-g.cwiseProduct(c->after).array()).rowwise() - w.transpose().array())
              .cwiseProduct(1 - 0.25 * c->log_scale.array().square())
              .matrix()
              .cast<float>();
      g.array() *= (-c->log_scale.array()).exp();
      output.topRows(c->moved) = -g.cast<float>();
      c->network.backward(theta_, c->pass, theta);
      g_.middleRows(c->given_first, c->given) += c->pass.input_gradient().cast<double>();
    }
    if (g_z.size() > 0) g_z += g_;
  }

  void sample(RandomStream& stream, DrawsOut z) override {
    stream.fill_normal(z);
    for (auto c = couplings_.rbegin(); c != couplings_.rend(); ++c) {
      transform(*c, z);
      auto moved = z.middleRows(c->moved_first, c->moved);
      moved = moved.cwiseProduct(c->log_scale.array().exp().matrix()) + c->shift;
    }
  }

 private:
  struct Coupling {
    Index given_first, given, moved_first, moved;
    DenseNetwork<float> network;
    DenseNetwork<float>::Pass pass;
    Eigen::MatrixXd shift, log_scale;  ///< [moved x S]
    Eigen::MatrixXd after = {};        ///< [moved x S]
  };

  void transform(Coupling& c, Draws h) {
    c.network.begin(c.pass, h.cols());
    c.pass.input() = h.middleRows(c.given_first, c.given).cast<float>();
    c.network.forward(theta_, c.pass);
    c.shift = c.pass.output().topRows(c.moved).cast<double>();
    c.log_scale =
        2 * (0.5 * c.pass.output().bottomRows(c.moved).cast<double>().array()).tanh().matrix();
  }

  Parameters& theta_;
  Index half_;
  std::vector<Coupling> couplings_;
  Eigen::MatrixXd e_, g_;  ///< [D x S]
};

/// (1/P) sum_p N(mean_p, diag(sd_p^2)), where mean and sd are the encoder's at trainable
/// pseudo-inputs (Tomczak & Welling 2018, eq. 9).
class PosteriorMixture final : public Prior, private MixturePrior {
 public:
  /// @param start  [C x P]  where the pseudo-inputs begin; in (0, 1) where they are bounded
  PosteriorMixture(Parameters& theta, Index dimension, const Eigen::MatrixXf& start, bool bounded)
      : theta_(theta),
        bounded_(bounded),
        pseudo_(theta.add_f32("pseudo_inputs", start.rows(), start.cols())),
        inputs_(start) {
    if (bounded)
      theta.matrix(pseudo_) = (start.array() / (1 - start.array())).log().matrix();
    else
      theta.matrix(pseudo_) = start;
    const Eigen::MatrixXd zero = Eigen::MatrixXd::Zero(dimension, start.cols());
    set_components(zero, zero);
  }

  void add_log_density(Draws z, VectorOut log_p) override {
    z_ = z;
    squares_ = z.cwiseAbs2();
    share_.noalias() = scaled_mean_.transpose() * z_;
    share_.noalias() -= (0.5 * precision_.transpose()) * squares_;
    share_.colwise() += constant_;
    const double log_count = std::log(double(share_.rows()));
    for (Index s = 0; s < z.cols(); ++s) {
      const double total = log_sum_exp(share_.col(s));
      log_p[s] += total - log_count;
      share_.col(s) = (share_.col(s).array() - total).exp();
    }
  }

  void pullback(Vector w, GradientOut, DrawsOut g_z) override {
    weighted_.noalias() = share_ * w.asDiagonal();
    if (g_z.size() > 0) {
      g_z.noalias() += scaled_mean_ * weighted_;
      pulled_.noalias() = precision_ * weighted_;
      g_z -= pulled_.cwiseProduct(z_);
    }
    total_ = weighted_.rowwise().sum();
    first_.noalias() = z_ * weighted_.transpose();
    second_.noalias() = squares_ * weighted_.transpose();
    const auto means = mean_.array();
    g_mean_ = (first_.array() - means.rowwise() * total_.transpose().array()) * precision_.array();
    g_log_sd_ = (second_.array() - 2 * means * first_.array() +
                 means.square().rowwise() * total_.transpose().array()) *
                precision_.array();
    g_log_sd_.rowwise() -= total_.transpose();
  }

  void sample(RandomStream& stream, DrawsOut z) override {
    stream.fill_normal(z);
    for (Index s = 0; s < z.cols(); ++s) {
      const Index p = stream.integer(mean_.cols());
      z.col(s) = mean_.col(p) + z.col(s).cwiseQuotient(precision_.col(p).cwiseSqrt());
    }
  }
  MixturePrior* mixture() override { return this; }

 private:
  Context pseudo_inputs() override {
    inputs_ = theta_.matrix(pseudo_);
    if (bounded_) inputs_ = (1 + (-inputs_.array()).exp()).inverse().matrix();
    return inputs_;
  }
  void set_components(Draws mean, Draws log_sd) override {
    mean_ = mean;
    precision_ = (-2 * log_sd.array()).exp();
    scaled_mean_ = mean_.cwiseProduct(precision_);
    constant_ = -(log_sd.colwise().sum() + 0.5 * scaled_mean_.cwiseProduct(mean_).colwise().sum())
                     .transpose()
                     .array() -
                0.5 * double(mean.rows()) * log_2pi;
  }
  void components_gradient(DrawsOut g_mean, DrawsOut g_log_sd) override {
    g_mean = g_mean_;
    g_log_sd = g_log_sd_;
  }
  void pseudo_inputs_pullback(Context g, GradientOut theta) override {
    if (!theta) return;
    if (bounded_)
      theta.matrix(pseudo_).array() += g.array() * inputs_.array() * (1 - inputs_.array());
    else
      theta.matrix(pseudo_) += g;
  }

  Parameters& theta_;
  bool bounded_;
  BlockId<float> pseudo_;
  Eigen::MatrixXf inputs_;                          ///< [C x P] of the most recent pseudo_inputs
  Eigen::MatrixXd mean_, precision_, scaled_mean_;  ///< [D x P]
  Eigen::VectorXd constant_;                        ///< [P]
  Eigen::MatrixXd z_, squares_, pulled_;            ///< [D x S]
  Eigen::MatrixXd share_, weighted_;                ///< [P x S] of the components in each draw
  Eigen::MatrixXd first_, second_, g_mean_, g_log_sd_;  ///< [D x P]
  Eigen::VectorXd total_;                               ///< [P]  the sum of `weighted_` over draws
};

}  // namespace elbow::vae
