#include <elbow/elbow.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  return {integer("items", 200, "observations").at_least(1),
          real("precision", 1, "of the distribution that the data are drawn from").above(0)};
}

/// log phi(x; lambda) = -lambda x^2 / 2, in one dimension, with its normaliser left out; theta is
/// the precision lambda, and data are N(0, 1 / precision).
class NormalEnergy final : public Energy {
 public:
  explicit NormalEnergy(const ModelSetup& setup)
      : data_(1, setup.options.integer("items")), precision_(theta_.add("precision", 1)) {
    RandomStream stream = setup.data_stream;
    stream.fill_normal(data_);
    data_ /= std::sqrt(setup.options.real("precision"));
    theta_.vector(precision_)[0] = 0.5;
  }

  Index data_dimension() const override { return 1; }
  Draws data() const override { return data_; }
  Parameters& parameters() override { return theta_; }

  void log_phi(Draws x, VectorOut log_phi) override {
    x_ = x;
    log_phi = -0.5 * theta_.vector(precision_)[0] * x.row(0).cwiseAbs2().transpose();
  }
  void log_phi_pullback(Vector w, GradientOut theta, DrawsOut g_x) override {
    if (theta) theta.vector(precision_)[0] -= 0.5 * x_.row(0).cwiseAbs2().dot(w);
    if (g_x.size() > 0) g_x = -theta_.vector(precision_)[0] * x_.cwiseProduct(w.transpose());
  }

 private:
  Eigen::MatrixXd data_;  ///< [1 x N]
  Parameters theta_;
  BlockId<double> precision_;
  Eigen::MatrixXd x_;  ///< of the most recent log_phi
};

class GaussianEnergy final : public Model {
 public:
  explicit GaussianEnergy(const ModelSetup& setup) : energy_(setup) {}
  Energy* energy() override { return &energy_; }
  std::vector<DataArray> data() const override {
    const Draws x = energy_.data();
    return {{{"x", {x.cols()}, {"item"}, ""}, x.row(0).transpose(), true}};
  }

 private:
  NormalEnergy energy_;
};

}  // namespace

ELBOW_PLUGIN(GaussianEnergy, options,
             {.name = "gaussian_energy",
              .summary = "unnormalised normal density with unknown precision",
              .source = "Gutmann & Hyvarinen 2012, section 3.1",
              .provides = Ability::energy})
