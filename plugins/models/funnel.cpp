#include <elbow/elbow.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  return {integer("dimension", 10, "number of coordinates: v and dimension - 1 of x").at_least(2),
          real("scale", 3.0, "standard deviation of v").above(0)};
}

/// v ~ N(0, scale^2), x_i | v ~ N(0, e^v): the standard deviation of x is exp(v / 2).
/// z = (v, x_1, ..., x_{D-1}).
class Funnel final : public Model, public Density, public Reference {
 public:
  explicit Funnel(const ModelSetup& setup)
      : dimension_(setup.options.integer("dimension")), scale_(setup.options.real("scale")) {
    if (!setup.from_prior) return;
    // There are no data: the funnel is prior and posterior in one.
    RandomStream stream = setup.data_stream;
    truth_.resize(dimension_);
    sample(stream, truth_);
  }

  Density* density() override { return this; }
  Reference* reference() override { return this; }

  Eigen::VectorXd truth() const override { return truth_; }

  Index dimension() const override { return dimension_; }
  std::vector<Variable> variables() const override {
    return {{"v", {}, {}, ""}, {"x", {dimension_ - 1}, {}, ""}};
  }

  void log_density(Draws z, VectorOut log_p) override {
    log_density_gradient(z, log_p, unwanted());
  }

  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override {
    const double width = double(dimension_ - 1);
    const double constant = -0.5 * double(dimension_) * log_2pi - std::log(scale_);
    for (Index s = 0; s < z.cols(); ++s) {
      const double v = z(0, s);
      const auto x = z.col(s).tail(dimension_ - 1);
      // |x|^2 e^-v as the square of x e^{-v/2}, so that 0 times an overflow does not make a NaN.
      const double precision_root = std::exp(-0.5 * v);
      const double squares = x.isZero(0) ? 0.0 : (precision_root * x).squaredNorm();
      const double standardised = v / scale_;
      log_p[s] = constant - 0.5 * (standardised * standardised + width * v + squares);
      if (gradient.size() == 0) continue;
      gradient(0, s) = -standardised / scale_ + 0.5 * (squares - width);
      gradient.col(s).tail(dimension_ - 1) = -precision_root * (precision_root * x);
    }
    mark_outside_support(z, log_p, gradient);
  }

  std::optional<Estimate> log_evidence() const override { return Estimate{0, 0}; }

  /// var x = E e^v = e^{scale^2 / 2}.
  std::optional<Moments> moments() const override {
    Moments m;
    m.mean = m.mean_standard_error = m.sd_standard_error = Eigen::VectorXd::Zero(dimension_);
    m.sd = Eigen::VectorXd::Constant(dimension_, std::exp(0.25 * scale_ * scale_));
    m.sd[0] = scale_;
    return m;
  }

  bool has_exact_sampler() const override { return true; }
  void sample(RandomStream& stream, DrawsOut z) const override {
    stream.fill_normal(z);
    z.row(0) *= scale_;
    for (Index s = 0; s < z.cols(); ++s) z.col(s).tail(dimension_ - 1) *= std::exp(0.5 * z(0, s));
  }

 private:
  Index dimension_;
  double scale_;
  Eigen::VectorXd truth_;
};

}  // namespace

ELBOW_PLUGIN(Funnel, options,
             {.name = "funnel",
              .summary = "Neal's funnel: a scale whose neck no single step size fits",
              .source = "Neal 2003, Slice sampling, section 8",
              .provides = Ability::density | Ability::gradient | Ability::reference |
                          Ability::prior_predictive})
