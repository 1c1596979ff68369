#include "cell/item_posterior.hpp"

#include <Eigen/Cholesky>
#include <Eigen/LU>
#include <catch2/catch.hpp>
#include <elbow/math.hpp>

using namespace elbow;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace item_posterior_tests {

constexpr Index pixels = 6, latents = 2, count = 9;

/// x = W z + b + noise of sd s, of which only some numbers may be observed: an image of 3 x 2.
class LinearItems final : public Model, public LatentItems {
 public:
  explicit LinearItems(const VectorXd& mask = {}) : mask_(mask) {
    RandomStream stream(3, 0, "items");
    weights = MatrixXd(pixels, latents);
    bias = VectorXd(pixels);
    data = MatrixXd(pixels, count);
    stream.fill_normal(weights);
    stream.fill_normal(bias);
    stream.fill_normal(data);
  }

  LatentItems* latent_items() override { return this; }
  Index item_count(Split split) const override { return split == Split::test ? count : 4; }
  Index latent_dimension() const override { return latents; }
  Index feature_dimension() const override { return pixels; }
  Parameters& parameters() override { return theta_; }
  void use_items(Split, std::span<const Index> items, RandomStream) override {
    x_.resize(pixels, Index(items.size()));
    for (Index b = 0; b < x_.cols(); ++b) x_.col(b) = data.col(items[std::size_t(b)]);
  }
  void dream(RandomStream, DrawsOut) override {}
  Context features() const override { return features_; }
  void log_joint(Draws z, VectorOut log_likelihood, VectorOut log_prior) override {
    z_ = z;
    residual_ = -((weights * z).colwise() + bias);
    const Index per_item = z.cols() / x_.cols();
    for (Index s = 0; s < z.cols(); ++s) residual_.col(s) += x_.col(s / per_item);
    if (mask_.size() > 0) residual_ = mask_.asDiagonal() * residual_;
    const double seen = mask_.size() > 0 ? mask_.sum() : double(pixels);
    for (Index s = 0; s < z.cols(); ++s) {
      log_likelihood[s] =
          -0.5 * residual_.col(s).squaredNorm() / (sd * sd) - seen * (std::log(sd) + 0.5 * log_2pi);
      log_prior[s] = -0.5 * (z.col(s).squaredNorm() + double(latents) * log_2pi);
    }
  }
  void log_joint_pullback(Vector likelihood_weights, Vector prior_weights, GradientOut,
                          DrawsOut g_z) override {
    g_z = weights.transpose() * residual_ * likelihood_weights.asDiagonal() / (sd * sd) -
          z_ * prior_weights.asDiagonal();
  }
  Variable item() const override { return {"x", {3, 2}, {"row", "column"}, ""}; }
  void decode(Draws z, DrawsOut x) override { x = (weights * z).colwise() + bias; }
  void values(DrawsOut x) override { x = x_; }
  VectorXd observed() const override { return mask_; }

  MatrixXd weights, data;
  VectorXd bias;
  static constexpr double sd = 0.7;

 private:
  VectorXd mask_;
  Parameters theta_;
  MatrixXd x_, z_, residual_;
  Eigen::MatrixXf features_;
};

/// The exact posterior and evidence of one item under the observed rows of the decoder.
struct Exact {
  VectorXd mean;
  MatrixXd precision;
  double log_evidence;

  Exact(const LinearItems& model, const VectorXd& mask, Index item) {
    std::vector<Index> seen;
    for (Index i = 0; i < pixels; ++i)
      if (mask.size() == 0 || mask[i] > 0) seen.push_back(i);
    const MatrixXd w = model.weights(seen, Eigen::all);
    const VectorXd x = model.data(seen, item) - model.bias(seen);
    const double variance = LinearItems::sd * LinearItems::sd;
    precision = MatrixXd::Identity(latents, latents) + w.transpose() * w / variance;
    mean = precision.llt().solve(w.transpose() * x / variance);
    MatrixXd covariance = w * w.transpose();
    covariance.diagonal().array() += variance;
    const Eigen::LLT<MatrixXd> factor(covariance);
    log_evidence = -0.5 * (x.dot(factor.solve(x)) + double(x.size()) * log_2pi) -
                   factor.matrixLLT().diagonal().array().log().sum();
  }
};

Json settings(const std::vector<double>& items, const std::string& split = "test") {
  return {{"posterior_of", {{"split", split}, {"items", items}, {"completions", 3}}}};
}

struct Target {
  explicit Target(const std::vector<double>& items, const VectorXd& mask = {}) {
    auto made = std::make_unique<LinearItems>(mask);
    model = made.get();
    posterior = std::make_unique<ItemPosterior>(std::move(made), settings(items),
                                                RandomStream(1, 0, "noise"));
  }
  LinearItems* model;
  std::unique_ptr<ItemPosterior> posterior;
};

VectorXd masks(bool wanted) { return wanted ? VectorXd{{0, 0, 0, 1, 1, 1}} : VectorXd(); }

TEST_CASE("the latents of chosen items have their exact posterior and evidence as density") {
  const VectorXd mask = masks(GENERATE(false, true));
  const std::vector<double> items = {7, 2, 7};
  Target target(items, mask);
  ItemPosterior& density = *target.posterior;
  REQUIRE(density.dimension() == 6);
  MatrixXd z(6, 5), gradient(6, 5);
  RandomStream stream(5, 0, "z");
  stream.fill_normal(z);
  VectorXd log_p(5), log_p_alone(5);
  density.log_density_gradient(z, log_p, gradient);
  density.log_density(z, log_p_alone);
  for (Index s = 0; s < 5; ++s) {
    double expected = 0;
    for (Index i = 0; i < 3; ++i) {
      const Exact exact(*target.model, mask, Index(items[std::size_t(i)]));
      const VectorXd off = z.col(s).segment(2 * i, 2) - exact.mean;
      const double log_det = std::log(exact.precision.determinant());
      // log p(z, x) = log p(x) + log N(z; mean, precision^-1)
      expected += exact.log_evidence - 0.5 * off.dot(exact.precision * off) + 0.5 * log_det -
                  double(latents) * 0.5 * log_2pi;
      const VectorXd slope = -exact.precision * off;
      CHECK((gradient.col(s).segment(2 * i, 2) - slope).norm() < 1e-10 * (1 + slope.norm()));
    }
    CHECK(log_p[s] == Approx(expected).epsilon(1e-12));
    CHECK(log_p_alone[s] == log_p[s]);
  }
}

TEST_CASE("a block of draws has the densities of its columns") {
  Target target({0, 1, 2, 3});
  MatrixXd z(8, 7);
  RandomStream stream(5, 0, "z");
  stream.fill_normal(z);
  VectorXd together(7), one(1);
  target.posterior->log_density(z, together);
  for (Index s = 0; s < 7; ++s) {
    target.posterior->log_density(z.col(s), one);
    CHECK(one[0] == Approx(together[s]).epsilon(1e-13));
  }
}

TEST_CASE("z is reported by item and latent, beside the chosen items and what of them is seen") {
  Target target({4, 1}, masks(true));
  const ItemPosterior& posterior = *target.posterior;
  const Variable variable = posterior.variables().at(0);
  CHECK(variable.shape == std::vector<Index>{2, 2});
  CHECK(variable.dims == std::vector<std::string>{"image", "latent"});
  VectorXd x(4);
  posterior.constrain(VectorXd{{1, 2, 3, 4}}, x);
  // Column-major of [item x latent]: item 0 has the latents 1 and 2.
  CHECK(x == VectorXd{{1, 3, 2, 4}});
  CHECK(posterior.coordinates().at(0).labels == std::vector<std::string>{"4", "1"});
  const std::vector<DataArray> data = posterior.data();
  REQUIRE(data.size() == 2);
  CHECK(data[0].variable.shape == std::vector<Index>{2, 3, 2});
  // Element (item 1, row 2, column 1) in column-major order is 1 + 2 (2 + 3 * 1).
  CHECK(data[0].values[1 + 2 * 5] == target.model->data(5, 1));
  CHECK(std::isnan(data[0].values[1]));  // a pixel that is missing
  CHECK(data[1].variable.name == "observed");
  CHECK(data[1].values == masks(true));
  CHECK_FALSE(data[1].observed);
}

TEST_CASE("decoding gives every item's mean of p(x | z)") {
  Target target({4, 1});
  MatrixXd x(pixels, 2);
  target.posterior->decode(VectorXd{{1, 2, 3, 4}}, x);
  const VectorXd second = target.model->weights * VectorXd{{3, 4}} + target.model->bias;
  CHECK((x.col(1) - second).norm() < 1e-13);
}

std::string refusal(std::unique_ptr<Model> model, const Json& settings) {
  try {
    ItemPosterior(std::move(model), settings, RandomStream(1, 0, "noise"));
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST_CASE("items that are not there are named with those that are") {
  const auto items = [] { return std::make_unique<LinearItems>(); };
  const std::string there =
      "items must be whole numbers from 0 to 8, the 9 items of the split "
      "\"test\", got ";
  CHECK(refusal(items(), settings({0, 9})) == there + "9.0");
  CHECK(refusal(items(), settings({0.5})) == there + "0.5");
  CHECK(refusal(items(), settings({})) == "items must not be empty");
  CHECK(refusal(items(), settings({8})) == "");
  CHECK(refusal(items(), settings({4}, "train")) ==
        "items must be whole numbers from 0 to 3, the 4 items of the split \"train\", got 4.0");
  class Nothing final : public Model {};
  CHECK(refusal(std::make_unique<Nothing>(), settings({0})) ==
        "the model has no latent items whose posterior could be asked for");
}

}  // namespace item_posterior_tests
