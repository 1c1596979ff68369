#pragma once

#include <elbow/dense_network.hpp>
#include <elbow/elbow.hpp>
#include <elbow/simd.hpp>

namespace elbow::vae {

using Network = DenseNetwork<float>;
using Block = Network::Block;

namespace packet {

using Floats = Eigen::internal::packet_traits<float>::type;
inline constexpr Index lanes = Eigen::internal::packet_traits<float>::size;

/// sum of mask (x l - log(1 + e^l)) over pixels; l is overwritten by mask (x - sigmoid(l)).
/// @tparam Masked  false: the mask is 1 everywhere
template <bool Masked>
double bernoulli(const float* x, const float* mask, float* l, Index n) {
  using namespace Eigen::internal;
  const Floats one = pset1<Floats>(1.f), zero = pset1<Floats>(0.f);
  Floats linear = zero, logs = zero, product = one;
  const auto visit = [&]<bool Some>(std::bool_constant<Some>, const float* x_at,
                                    const float* mask_at, float* l_at) {
    const Floats logit = ploadu<Floats>(l_at), pixel = ploadu<Floats>(x_at);
    const Floats seen = Some ? ploadu<Floats>(mask_at) : one;
    const auto if_seen = [&](const Floats& value) { return Some ? pmul(seen, value) : value; };
    const Floats e = simd::exp_nonpositive<float>(pnegate(pabs(logit)));
    const Floats larger = pdiv(one, padd(one, e));  // sigmoid(|l|)
    const Floats chance = pselect(pcmp_lt(logit, zero), pmul(e, larger), larger);
    linear = padd(linear, if_seen(psub(pmul(pixel, logit), pmax(logit, zero))));
    // log(1 + e) of many pixels at once: each factor lies in [1, 2].
    product = pmul(product, padd(one, if_seen(e)));
    pstoreu(l_at, if_seen(psub(pixel, chance)));
  };
  Index i = 0;
  for (Index count = 1; i + lanes <= n; i += lanes, ++count) {
    visit(std::bool_constant<Masked>(), x + i, mask + i, l + i);
    if (count % 64 == 0) {
      logs = padd(logs, plog(product));
      product = one;
    }
  }
  if (i < n) {  // what fills up the last register is not seen
    float last[3][lanes] = {};
    std::copy_n(x + i, n - i, last[0]);
    std::copy_n(mask + i, n - i, last[1]);
    std::copy_n(l + i, n - i, last[2]);
    visit(std::true_type(), last[0], last[1], last[2]);
    std::copy_n(last[2], n - i, l + i);
  }
  return double(predux(psub(linear, padd(logs, plog(product)))));
}

}  // namespace packet

/// log p(x | z) of an item's pixels, given the decoder's output y:
///
///     bernoulli     x in {0, 1} (or between them), logit y
///     gaussian      x ~ N(y, s^2), s is trained
///     logit_normal  logit(a + (1 - 2a) x) ~ N(y, s^2), a density of x in [0, 1]
///
/// summed over the observed pixels.
class PixelLikelihood {
 public:
  static std::vector<std::string> names() { return {"bernoulli", "gaussian", "logit_normal"}; }

  /// @param mask     [C]  1 for pixels that count, 0 for others
  /// @param squeeze  a of logit_normal
  PixelLikelihood(const std::string& name, Parameters& theta, const Eigen::VectorXf& mask,
                  double squeeze)
      : bernoulli_(name == "bernoulli"),
        logit_normal_(name == "logit_normal"),
        squeeze_(squeeze),
        mask_(mask),
        seen_(double(mask.sum())) {
    if (!bernoulli_) log_sd_ = theta.add_f32("pixel_log_sd", 1);
  }

  bool bernoulli() const { return bernoulli_; }
  bool bounded() const { return bernoulli_ || logit_normal_; }

  /// Where decoder's bias and the scale begin. @param mean, variance  [C] of `target` numbers over
  /// the training items
  Eigen::VectorXf start(Parameters& theta, const Eigen::VectorXd& mean, double variance,
                        double items) {
    if (!bernoulli_) {
      theta.vector(log_sd_)[0] = float(0.5 * std::log(std::max(variance, 1e-6)));
      return mean.cast<float>();
    }
    const Eigen::ArrayXd chance = (mean.array() * items + 0.5) / (items + 1);
    return (chance / (1 - chance)).log().cast<float>();
  }

  /// What is compared with y, from pixels x. Nothing is done where it is x itself.
  float target(float x) const {
    if (!logit_normal_) return x;
    const double s = squeeze_ + (1 - 2 * squeeze_) * double(x);
    return float(std::log(s) - std::log1p(-s));
  }

  /// Keeps the chosen items. @param x  [C x B]  valid until others are chosen
  void use(const Eigen::MatrixXf& x) {
    x_ = &x;
    if (!logit_normal_) return;
    targets_.resize(x.rows(), x.cols());
    log_jacobian_.setZero(x.cols());
    for (Index b = 0; b < x.cols(); ++b)
      for (Index i = 0; i < x.rows(); ++i) {
        targets_(i, b) = target(x(i, b));
        if (mask_[i] == 0) continue;
        const double s = squeeze_ + (1 - 2 * squeeze_) * double(x(i, b));
        log_jacobian_[b] += std::log1p(-2 * squeeze_) - std::log(s) - std::log1p(-s);
      }
  }

  /// @param[in,out] y  [C x S]  the decoder's output; overwritten by what `pullback` needs of it
  void evaluate(Parameters& theta, Block y, VectorOut log_likelihood) {
    const Index per_item = y.cols() / x_->cols();
    if (bernoulli_) {
      const bool all_seen = seen_ == double(mask_.size());
      const auto log_density = all_seen ? packet::bernoulli<false> : packet::bernoulli<true>;
      for (Index s = 0; s < y.cols(); ++s)
        log_likelihood[s] =
            log_density(x_->col(s / per_item).data(), mask_.data(), y.col(s).data(), y.rows());
      return;
    }
    const Eigen::MatrixXf& target = logit_normal_ ? targets_ : *x_;
    const double log_sd = double(theta.vector(log_sd_)[0]), precision = std::exp(-2 * log_sd);
    for (Index s = 0; s < y.cols(); ++s) {
      y.col(s) = (target.col(s / per_item) - y.col(s)).cwiseProduct(mask_);
      log_likelihood[s] =
          -0.5 * precision * double(y.col(s).squaredNorm()) - seen_ * (log_sd + 0.5 * log_2pi);
      if (logit_normal_) log_likelihood[s] += log_jacobian_[s / per_item];
    }
  }

  /// @param      residual  [C x S]  what `evaluate` left
  /// @param[out] g         [C x S]  the gradient of sum_s w[s] log_likelihood[s] with respect to y
  void pullback(Parameters& theta, Vector w, Block residual, Block g, GradientOut to_theta) {
    double precision = 1;
    if (!bernoulli_) {
      precision = std::exp(-2 * double(theta.vector(log_sd_)[0]));
      if (to_theta)
        for (Index s = 0; s < w.size(); ++s)
          to_theta.vector(log_sd_)[0] +=
              float(w[s] * (precision * double(residual.col(s).squaredNorm()) - seen_));
    }
    for (Index s = 0; s < w.size(); ++s) g.col(s) = float(w[s] * precision) * residual.col(s);
  }

  /// E[x | y] of every pixel. @param[in,out] y  [C x S]
  void to_means(Parameters& theta, Block y) const {
    if (bernoulli_) y = y.unaryExpr([](float l) { return float(sigmoid(double(l))); });
    if (!logit_normal_) return;
    // Sixty-one points of the trapezoidal rule over +-6 sd: errors below 1e-8.
    const double sd = std::exp(double(theta.vector(log_sd_)[0]));
    y = y.unaryExpr([&](float mean) {
      double sum = 0, weights = 0;
      for (int i = -30; i <= 30; ++i) {
        const double e = 0.2 * i, weight = std::exp(-0.5 * e * e);
        sum += weight * sigmoid(double(mean) + sd * e);
        weights += weight;
      }
      return float((sum / weights - squeeze_) / (1 - 2 * squeeze_));
    });
  }

  /// Draws x ~ p(x | y). @param[out] x  [C x S]  pixels that do not count are zero
  void draw(Parameters& theta, Block y, RandomStream& stream, Eigen::MatrixXf& x) const {
    x.resize(y.rows(), y.cols());
    const double sd = bernoulli_ ? 0 : std::exp(double(theta.vector(log_sd_)[0]));
    for (Index s = 0; s < y.cols(); ++s)
      for (Index i = 0; i < y.rows(); ++i) {
        const double mean = double(y(i, s));
        double pixel;
        if (bernoulli_)
          pixel = stream.uniform() < sigmoid(mean) ? 1 : 0;
        else
          pixel = mean + sd * stream.normal();
        if (logit_normal_) pixel = (sigmoid(pixel) - squeeze_) / (1 - 2 * squeeze_);
        x(i, s) = mask_[i] * float(pixel);
      }
  }

 private:
  bool bernoulli_, logit_normal_;
  double squeeze_;
  Eigen::VectorXf mask_;
  double seen_;  ///< pixels that count
  BlockId<float> log_sd_{};
  const Eigen::MatrixXf* x_ = nullptr;
  Eigen::MatrixXf targets_;       ///< [C x B] of logit_normal
  Eigen::VectorXd log_jacobian_;  ///< [B] of logit_normal
};

}  // namespace elbow::vae
