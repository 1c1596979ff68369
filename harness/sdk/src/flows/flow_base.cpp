#include <cmath>
#include <elbow/flows/flow_base.hpp>
#include <elbow/math.hpp>

namespace elbow::flows {
namespace {

class NormalBase final : public FlowBase {
 public:
  explicit NormalBase(Index dimension) : dimension_(dimension) {}

  NoiseShape noise() const override { return {dimension_, 0}; }
  void reserve(Index draws) override {
    if (e_.cols() < draws) e_.resize(dimension_, draws);
  }
  void draw(Draws noise, DrawsOut e, VectorOut log_r) override {
    e = noise;
    if (log_r.size() > 0) density(noise, log_r);
  }
  void draw_pullback(Draws, Vector, GradientOut) override {}
  void log_density(Draws e, VectorOut log_r) override {
    e_.leftCols(e.cols()) = e;
    density(e, log_r);
  }
  void log_density_pullback(Vector w, GradientOut, DrawsOut g_e) override {
    for (Index s = 0; s < w.size(); ++s) g_e.col(s) = -w[s] * e_.col(s);
  }

 private:
  void density(Draws e, VectorOut log_r) const {
    for (Index s = 0; s < e.cols(); ++s)
      log_r[s] = -0.5 * (e.col(s).squaredNorm() + double(dimension_) * log_2pi);
  }

  Index dimension_;
  Eigen::MatrixXd e_;  ///< [D x S]  of the most recent log_density
};

/// (1 / K) sum_k N(m_k, diag s_k^2): which k a draw has is decided by its uniform number alone, not
/// by phi, so that draws are differentiable in phi.
class MixtureBase final : public FlowBase {
 public:
  MixtureBase(Index dimension, Index components, Parameters& parameters, RandomStream& stream)
      : dimension_(dimension),
        components_(components),
        parameters_(parameters),
        mean_(parameters.add("base_mean", dimension, components)),
        log_scale_(parameters.add("base_log_scale", dimension, components)) {
    stream.fill_normal(parameters.matrix(mean_));
  }

  NoiseShape noise() const override { return {dimension_, 1}; }
  void reserve(Index draws) override {
    if (drawn_.cols() >= draws) return;
    for (Eigen::MatrixXd* block : {&drawn_, &scored_, &g_}) block->resize(dimension_, draws);
    for (Eigen::MatrixXd* block : {&drawn_shares_, &shares_}) block->resize(components_, draws);
    which_.resize(draws);
  }

  void draw(Draws noise, DrawsOut e, VectorOut log_r) override {
    for (Index s = 0; s < e.cols(); ++s) {
      const Index k = std::min(components_ - 1, Index(noise(dimension_, s) * double(components_)));
      which_[s] = k;
      e.col(s) =
          mean(k).array() + log_scale(k).array().exp() * noise.col(s).head(dimension_).array();
    }
    drawn_.leftCols(e.cols()) = e;
    if (log_r.size() > 0) density(e, log_r, drawn_shares_);
  }

  void draw_pullback(Draws g_e, Vector g_log_r, GradientOut phi) override {
    auto g = g_.leftCols(g_e.cols());
    g.setZero();
    if (g_log_r.size() > 0) density_pullback(drawn_, drawn_shares_, g_log_r, phi, g);
    g += g_e;
    for (Index s = 0; s < g.cols(); ++s) {
      const Index k = which_[s];
      phi.matrix(mean_).col(k) += g.col(s);
      phi.matrix(log_scale_).col(k) += g.col(s).cwiseProduct(drawn_.col(s) - mean(k));
    }
  }

  void log_density(Draws e, VectorOut log_r) override {
    scored_.leftCols(e.cols()) = e;
    density(e, log_r, shares_);
  }
  void log_density_pullback(Vector w, GradientOut phi, DrawsOut g_e) override {
    g_e.setZero();
    density_pullback(scored_, shares_, w, phi, g_e);
  }

 private:
  Parameters::Column<double> mean(Index k) const { return column(mean_, k); }
  Parameters::Column<double> log_scale(Index k) const { return column(log_scale_, k); }
  Parameters::Column<double> column(BlockId<double> block, Index k) const {
    return {parameters_.f64().data() + block.offset + k * dimension_, dimension_};
  }

  /// Leaves the components' posterior probabilities in `shares`.
  void density(Draws e, VectorOut log_r, Eigen::MatrixXd& shares) const {
    for (Index s = 0; s < e.cols(); ++s) {
      for (Index k = 0; k < components_; ++k) {
        double log_density = -0.5 * double(dimension_) * log_2pi;
        for (Index i = 0; i < dimension_; ++i) {
          const double l = log_scale(k)[i], standardised = (e(i, s) - mean(k)[i]) * std::exp(-l);
          log_density -= 0.5 * standardised * standardised + l;
        }
        shares(k, s) = log_density;
      }
      const double all = log_sum_exp(shares.col(s));
      log_r[s] = all - std::log(double(components_));
      shares.col(s) = (shares.col(s).array() - all).exp();
    }
  }

  /// Adds to phi, and w grad log r to g_e.
  void density_pullback(const Eigen::MatrixXd& e, const Eigen::MatrixXd& shares, Vector w,
                        GradientOut phi, DrawsOut g_e) const {
    for (Index s = 0; s < w.size(); ++s)
      for (Index k = 0; k < components_; ++k)
        for (Index i = 0; i < dimension_; ++i) {
          const double inverse_scale = std::exp(-log_scale(k)[i]), share = w[s] * shares(k, s);
          const double standardised = (e(i, s) - mean(k)[i]) * inverse_scale;
          g_e(i, s) -= share * standardised * inverse_scale;
          if (!phi) continue;
          phi.matrix(mean_)(i, k) += share * standardised * inverse_scale;
          phi.matrix(log_scale_)(i, k) += share * (standardised * standardised - 1);
        }
  }

  Index dimension_, components_;
  Parameters& parameters_;
  BlockId<double> mean_, log_scale_;       ///< [D x K]
  Eigen::MatrixXd drawn_, scored_, g_;     ///< [D x S]
  Eigen::MatrixXd drawn_shares_, shares_;  ///< [K x S]
  Eigen::Matrix<Index, Eigen::Dynamic, 1> which_;
};

}  // namespace

std::unique_ptr<FlowBase> normal_base(Index dimension) {
  return std::make_unique<NormalBase>(dimension);
}

std::vector<Option> base_options() {
  return {choice("base", {"normal", "mixture"},
                 "what the flow starts from: standard normal numbers, or a mixture of Gaussians of "
                 "equal weights with means and scales that are learnt, for targets with modes far "
                 "apart")
              .when({.value = "normal", .provides = Ability::transport}),
          integer("components", 8, "Gaussians in the mixture").at_least(1)};
}

std::unique_ptr<FlowBase> make_base(const Options& options, Index dimension, Parameters& parameters,
                                    RandomStream& stream) {
  const Index components = options.integer("components");
  if (options.text("base") == "normal") return normal_base(dimension);
  return std::make_unique<MixtureBase>(dimension, components, parameters, stream);
}

}  // namespace elbow::flows
