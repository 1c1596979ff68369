#include <elbow/elbow.hpp>
#include <elbow/linear_algebra.hpp>
#include <numeric>

namespace {

using namespace elbow;
using Eigen::MatrixXd;
using Eigen::VectorXd;

std::vector<Option> options() {
  return {integer("layers", 6, "affine couplings behind each other").at_least(1),
          reals("hidden", {32, 32}, "widths of the networks' hidden layers").at_least(1),
          choice("split", {"halves", "checkerboard", "random"},
                 "which coordinates a coupling keeps: the first half, every other one, or a random "
                 "half; the next coupling keeps the others"),
          real("largest_log_scale", 2.0,
               "bound B of a coupling's log scales, B tanh(./B), against overflow")
              .above(0),
          real("initial_scale", 1.0,
               "standard deviation of every coordinate at the start; the "
               "flow begins as this Gaussian")
              .above(0)};
}

/// By exp, which Eigen vectorises.
void apply_tanh(Eigen::Ref<MatrixXd> x) { x = 1 - 2 / ((2 * x.array()).exp() + 1); }

/// Dense layers with tanh between them. The last one is linear and begins at zero; its product is
/// divided by the root of its width, so that a wider network does not answer more to a step of the
/// same length per weight.
class Network {
 public:
  /// What a forward pass leaves behind: the input, then every layer's output. Columns only grow.
  struct Pass {
    std::vector<MatrixXd> outputs;  ///< [width x S]
  };

  Network(Parameters& parameters, const std::string& name, std::vector<Index> widths,
          RandomStream& stream)
      : widths_(std::move(widths)) {
    for (std::size_t i = 0; i + 1 < widths_.size(); ++i) {
      const std::string number = std::to_string(i + 1);
      weights_.push_back(parameters.add(name + "_weights_" + number, widths_[i + 1], widths_[i]));
      biases_.push_back(parameters.add(name + "_bias_" + number, widths_[i + 1]));
      if (i + 2 == widths_.size()) break;
      stream.fill_normal(parameters.matrix(weights_[i]));
      parameters.matrix(weights_[i]) /= std::sqrt(double(std::max<Index>(1, widths_[i])));
    }
  }

  void reserve(Pass& pass, Index draws) {
    if (!pass.outputs.empty() && pass.outputs[0].cols() >= draws) return;
    pass.outputs.clear();
    for (const Index width : widths_) pass.outputs.emplace_back(width, draws);
    for (std::size_t i = 0; i + 1 < widths_.size(); ++i) {
      if (gradients_.size() <= i) gradients_.emplace_back();
      if (gradients_[i].cols() < draws) gradients_[i].resize(widths_[i], draws);
      if (turned_inputs_.size() <= i) turned_inputs_.emplace_back();
      if (turned_inputs_[i].rows() < draws) turned_inputs_[i].resize(draws, widths_[i]);
      if (turned_weights_.size() <= i) turned_weights_.emplace_back(widths_[i], widths_[i + 1]);
    }
  }

  /// From `outputs.front()` to `outputs.back()`.
  void forward(Parameters& parameters, Pass& pass, Index draws) {
    for (std::size_t i = 0; i < weights_.size(); ++i) {
      auto out = pass.outputs[i + 1].leftCols(draws);
      out.colwise() = parameters.vector(biases_[i]);
      add_product(factor(i), parameters.matrix(weights_[i]), pass.outputs[i].leftCols(draws), out);
      if (i + 1 < weights_.size()) apply_tanh(out);
    }
  }

  /// Adds the parameters' gradient where it is wanted. @param g  [outputs x S]
  /// @return the input's gradient, in its first S columns
  const MatrixXd& backward(Parameters& parameters, const Pass& pass, Draws g, GradientOut phi) {
    const Index draws = g.cols();
    for (std::size_t i = weights_.size(); i-- > 0;) {
      const bool last = i + 1 == weights_.size();
      Draws upper = last ? g : Draws(gradients_[i + 1].leftCols(draws));
      if (phi) {
        phi.vector(biases_[i]) += upper.rowwise().sum();
        auto turned = turned_inputs_[i].topRows(draws);
        turned = pass.outputs[i].leftCols(draws).transpose();
        add_product(factor(i), upper, turned, phi.matrix(weights_[i]));
      }
      turned_weights_[i] = parameters.matrix(weights_[i]).transpose();
      auto lower = gradients_[i].leftCols(draws);
      lower.setZero();
      add_product(factor(i), turned_weights_[i], upper, lower);
      if (i > 0) lower.array() *= 1 - pass.outputs[i].leftCols(draws).array().square();
    }
    return gradients_[0];
  }

 private:
  double factor(std::size_t i) const {
    const bool last = i + 1 == weights_.size();
    return last ? 1 / std::sqrt(double(std::max<Index>(1, widths_[i]))) : 1;
  }

  std::vector<Index> widths_;
  std::vector<BlockId<double>> weights_, biases_;
  std::vector<MatrixXd> gradients_;       ///< [width x S]  of every layer's input
  std::vector<MatrixXd> turned_inputs_;   ///< [S x width]
  std::vector<MatrixXd> turned_weights_;  ///< [width of the input x width of the output]
};

/// y_keep = x_keep, y_move = x_move exp(s) + t with (B artanh(s / B), t) = network(x_keep).
class Coupling {
 public:
  struct Pass {
    Network::Pass network;
    MatrixXd log_scale;  ///< [move x S]  s
    MatrixXd factor;     ///< [move x S]  exp(s) on the way up, exp(-s) on the way down
    MatrixXd moved;      ///< [move x S]  x_move
  };

  Coupling(Parameters& parameters, const std::string& name, std::vector<Index> keep,
           std::vector<Index> move, const std::vector<Index>& hidden, double bound,
           RandomStream& stream)
      : keep_(std::move(keep)),
        move_(std::move(move)),
        bound_(bound),
        network_(parameters, name, widths(hidden), stream) {}

  void reserve(Pass& pass, Index draws) {
    network_.reserve(pass.network, draws);
    if (pass.moved.cols() >= draws) return;
    for (MatrixXd* block : {&pass.log_scale, &pass.factor, &pass.moved})
      block->resize(Index(move_.size()), draws);
    if (g_out_.cols() < draws) g_out_.resize(2 * Index(move_.size()), draws);
  }

  /// @param[in,out] x  [D x S] becomes y   @param[in,out] log_determinant  [S] added to, or empty
  void up(Parameters& parameters, Pass& pass, Eigen::Ref<MatrixXd> x, VectorOut log_determinant) {
    run_network(parameters, pass, x);
    const Index moves = Index(move_.size()), draws = x.cols();
    pass.factor.leftCols(draws) = pass.log_scale.leftCols(draws).array().exp();
    const auto shift = pass.network.outputs.back().bottomRows(moves);
    for (Index s = 0; s < draws; ++s)
      for (Index i = 0; i < moves; ++i) {
        double& value = x(move_[std::size_t(i)], s);
        pass.moved(i, s) = value;
        value = value * pass.factor(i, s) + shift(i, s);
      }
    if (log_determinant.size() > 0)
      log_determinant += pass.log_scale.leftCols(draws).colwise().sum().transpose();
  }

  /// The inverse. @param[in,out] y  [D x S] becomes x
  void down(Parameters& parameters, Pass& pass, Eigen::Ref<MatrixXd> y, VectorOut log_determinant) {
    run_network(parameters, pass, y);
    const Index moves = Index(move_.size()), draws = y.cols();
    pass.factor.leftCols(draws) = (-pass.log_scale.leftCols(draws).array()).exp();
    const auto shift = pass.network.outputs.back().bottomRows(moves);
    for (Index s = 0; s < draws; ++s)
      for (Index i = 0; i < moves; ++i) {
        double& value = y(move_[std::size_t(i)], s);
        value = (value - shift(i, s)) * pass.factor(i, s);
        pass.moved(i, s) = value;
      }
    log_determinant += pass.log_scale.leftCols(draws).colwise().sum().transpose();
  }

  /// Pulls g . y + weight * log-determinant back. @param[in,out] g  [D x S] of y, becomes that of x
  void up_pullback(Parameters& parameters, Pass& pass, Eigen::Ref<MatrixXd> g, Vector weight,
                   GradientOut phi) {
    const Index moves = Index(move_.size()), draws = g.cols();
    for (Index s = 0; s < draws; ++s)
      for (Index i = 0; i < moves; ++i) {
        double& to = g(move_[std::size_t(i)], s);
        g_out_(moves + i, s) = to;
        to *= pass.factor(i, s);
        g_out_(i, s) = to * pass.moved(i, s) + (weight.size() > 0 ? weight[s] : 0);
      }
    finish_pullback(parameters, pass, g, phi);
  }

  /// Pulls g . x + weight * log-determinant back through the inverse.
  /// @param[in,out] g  [D x S] of x, becomes that of y
  void down_pullback(Parameters& parameters, Pass& pass, Eigen::Ref<MatrixXd> g, Vector weight,
                     GradientOut phi) {
    const Index moves = Index(move_.size()), draws = g.cols();
    for (Index s = 0; s < draws; ++s)
      for (Index i = 0; i < moves; ++i) {
        double& to = g(move_[std::size_t(i)], s);
        g_out_(i, s) = weight[s] - to * pass.moved(i, s);
        to *= pass.factor(i, s);
        g_out_(moves + i, s) = -to;
      }
    finish_pullback(parameters, pass, g, phi);
  }

 private:
  std::vector<Index> widths(const std::vector<Index>& hidden) const {
    std::vector<Index> all = {Index(keep_.size())};
    all.insert(all.end(), hidden.begin(), hidden.end());
    all.push_back(2 * Index(move_.size()));
    return all;
  }

  void run_network(Parameters& parameters, Pass& pass, Draws x) {
    const Index draws = x.cols(), moves = Index(move_.size());
    for (Index s = 0; s < draws; ++s)
      for (std::size_t i = 0; i < keep_.size(); ++i)
        pass.network.outputs[0](Index(i), s) = x(keep_[i], s);
    network_.forward(parameters, pass.network, draws);
    auto log_scale = pass.log_scale.leftCols(draws);
    log_scale = pass.network.outputs.back().topLeftCorner(moves, draws) / bound_;
    apply_tanh(log_scale);
    log_scale *= bound_;
  }

  void finish_pullback(Parameters& parameters, Pass& pass, Eigen::Ref<MatrixXd> g,
                       GradientOut phi) {
    const Index draws = g.cols(), moves = Index(move_.size());
    g_out_.topLeftCorner(moves, draws).array() *=
        1 - (pass.log_scale.leftCols(draws).array() / bound_).square();
    const MatrixXd& g_keep =
        network_.backward(parameters, pass.network, g_out_.leftCols(draws), phi);
    for (Index s = 0; s < draws; ++s)
      for (std::size_t i = 0; i < keep_.size(); ++i) g(keep_[i], s) += g_keep(Index(i), s);
  }

  std::vector<Index> keep_, move_;
  double bound_;
  Network network_;
  MatrixXd g_out_;  ///< [2 move x S]  of the network's output
};

/// z = m + s x_K with x_0 standard normal and x_k the output of coupling k.
class RealNvp final : public Family, public Transport {
 public:
  explicit RealNvp(const FamilySetup& setup)
      : mean_(parameters_.add("mean", setup.dimension)),
        log_scale_(parameters_.add("log_scale", setup.dimension)),
        scale_(setup.dimension) {
    parameters_.vector(log_scale_).setConstant(std::log(setup.options.real("initial_scale")));
    std::vector<Index> hidden;
    for (const double width : setup.options.reals("hidden")) {
      if (width != std::floor(width))
        throw OptionError("hidden must be whole numbers, got " + std::to_string(width));
      hidden.push_back(Index(width));
    }
    RandomStream stream = setup.init_stream;
    std::vector<Index> keep, move;
    const Index layers = setup.options.integer("layers");
    for (Index k = 0; k < layers; ++k) {
      if (k % 2 == 0)
        choose(setup.options.text("split"), stream, keep, move);
      else
        std::swap(keep, move);
      if (move.empty()) continue;  // one dimension: every other coupling has nothing to move
      std::string name = "coupling_";
      name += std::to_string(k + 1);
      couplings_.emplace_back(parameters_, name, keep, move, hidden,
                              setup.options.real("largest_log_scale"), stream);
    }
    sampled_.couplings.resize(couplings_.size());
    scored_.couplings.resize(couplings_.size());
  }

  Index dimension() const override { return mean_.rows; }
  Parameters& parameters() override { return parameters_; }

  void sample(Draws noise, DrawsOut z, VectorOut log_q) override {
    const Index draws = noise.cols();
    reserve(sampled_, draws);
    auto x = sampled_.x.leftCols(draws);
    x = noise;
    auto log_determinant = log_determinant_.head(log_q.size());
    log_determinant.setZero();
    for (std::size_t k = 0; k < couplings_.size(); ++k)
      couplings_[k].up(parameters_, sampled_.couplings[k], x, log_determinant);
    z = x;
    z.array().colwise() *= scale_.array();
    z.colwise() += parameters_.vector(mean_);
    if (log_q.size() > 0) {
      log_q = -0.5 * noise.colwise().squaredNorm().transpose() - log_determinant;
      log_q.array() -= constant_;
    }
  }

  void sample_pullback(Draws g_z, Vector g_log_q, GradientOut phi) override {
    const Index draws = g_z.cols();
    auto g = g_.leftCols(draws);
    phi.vector(mean_) += g_z.rowwise().sum();
    g = g_z;
    g.array().colwise() *= scale_.array();
    phi.vector(log_scale_) += g.cwiseProduct(sampled_.x.leftCols(draws)).rowwise().sum();
    if (g_log_q.size() > 0) phi.vector(log_scale_).array() -= g_log_q.sum();
    auto weight = weight_.head(g_log_q.size());
    weight = -g_log_q;
    for (std::size_t k = couplings_.size(); k-- > 0;)
      couplings_[k].up_pullback(parameters_, sampled_.couplings[k], g, weight, phi);
  }

  void log_prob(Draws z, VectorOut log_q) override {
    const Index draws = z.cols();
    reserve(scored_, draws);
    auto x = scored_.x.leftCols(draws);
    x = z;
    x.colwise() -= parameters_.vector(mean_);
    x.array().colwise() /= scale_.array();
    scored_.standardised.leftCols(draws) = x;
    auto log_determinant = log_determinant_.head(draws);
    log_determinant.setZero();
    for (std::size_t k = couplings_.size(); k-- > 0;)
      couplings_[k].down(parameters_, scored_.couplings[k], x, log_determinant);
    log_q = -0.5 * x.colwise().squaredNorm().transpose() - log_determinant;
    log_q.array() -= constant_;
  }

  void log_prob_pullback(Vector w, GradientOut phi, DrawsOut g_z) override {
    const Index draws = w.size();
    auto g = g_.leftCols(draws);
    auto weight = weight_.head(draws);
    weight = -w;
    g = scored_.x.leftCols(draws) * weight.asDiagonal();
    for (std::size_t k = 0; k < couplings_.size(); ++k)
      couplings_[k].down_pullback(parameters_, scored_.couplings[k], g, weight, phi);
    if (phi) {
      phi.vector(log_scale_) -=
          g.cwiseProduct(scored_.standardised.leftCols(draws)).rowwise().sum();
      phi.vector(log_scale_).array() -= w.sum();
    }
    g.array().colwise() /= scale_.array();
    if (phi) phi.vector(mean_) -= g.rowwise().sum();
    if (g_z.size() > 0) g_z = g;
  }

  Transport* transport_map() override { return this; }
  void transport(Draws e, DrawsOut z, VectorOut log_q) override {
    sample(e, z, log_q);
    if (transported_.cols() < e.cols()) transported_.resize(dimension(), e.cols());
    transported_.leftCols(e.cols()) = e;
  }
  void transport_pullback(Draws g_z, Vector g_log_q, DrawsOut g_e) override {
    const Index draws = g_z.cols();
    g_e = scale_.asDiagonal() * g_z;
    auto weight = weight_.head(draws);
    weight = -g_log_q;
    for (std::size_t k = couplings_.size(); k-- > 0;)
      couplings_[k].up_pullback(parameters_, sampled_.couplings[k], g_e, weight, {});
    g_e -= transported_.leftCols(draws) * g_log_q.asDiagonal();
  }

 private:
  /// What one direction leaves behind for its pull-back.
  struct Pass {
    std::vector<Coupling::Pass> couplings;
    MatrixXd x;             ///< [D x S]  x_K of sample, x_0 of log_prob
    MatrixXd standardised;  ///< [D x S]  x_K of log_prob
  };

  void choose(const std::string& split, RandomStream& stream, std::vector<Index>& keep,
              std::vector<Index>& move) const {
    std::vector<Index> order(static_cast<std::size_t>(dimension()));
    std::iota(order.begin(), order.end(), Index(0));
    if (split == "random") stream.shuffle(order);
    keep.clear(), move.clear();
    for (Index i = 0; i < dimension(); ++i) {
      const bool first = split == "checkerboard" ? i % 2 == 0 : i < dimension() / 2;
      (first ? keep : move).push_back(order[std::size_t(i)]);
    }
  }

  /// The columns of what is kept only grow, so that calls of several sizes in turn do not allocate.
  void reserve(Pass& pass, Index draws) {
    scale_ = parameters_.vector(log_scale_).array().exp();
    constant_ = parameters_.vector(log_scale_).sum() + 0.5 * double(dimension()) * log_2pi;
    for (std::size_t k = 0; k < couplings_.size(); ++k)
      couplings_[k].reserve(pass.couplings[k], draws);
    if (pass.x.cols() < draws) {
      pass.x.resize(dimension(), draws);
      pass.standardised.resize(dimension(), draws);
    }
    if (g_.cols() >= draws) return;
    g_.resize(dimension(), draws);
    log_determinant_.resize(draws);
    weight_.resize(draws);
  }

  Parameters parameters_;
  BlockId<double> mean_, log_scale_;
  std::vector<Coupling> couplings_;
  VectorXd scale_;         ///< [D]
  double constant_ = 0;    ///< minus the log density of the affine map's centre
  Pass sampled_, scored_;  ///< of the most recent sample, and of the most recent log_prob
  MatrixXd g_;             ///< [D x S]
  MatrixXd transported_;   ///< [D x S]  e of the most recent transport
  VectorXd log_determinant_, weight_;  ///< [S]
};

}  // namespace

ELBOW_PLUGIN(RealNvp, options,
             {.name = "real_nvp",
              .summary = "flow of affine couplings",
              .source = "Dinh, Sohl-Dickstein & Bengio 2017, eq. 4-8",
              .provides = Ability::reparameterized | Ability::log_prob | Ability::transport})
