#include "support/density_checks.hpp"
#include "support/minibatch_checks.hpp"

using namespace elbow;
using Eigen::VectorXd;

namespace binary_latent_tests {

TEST_CASE("the binary model is its prior times its likelihood, and sums to its evidence") {
  const auto model = test::model("binary_latent", {{"causes", std::int64_t(4)},
                                                   {"features", std::int64_t(3)},
                                                   {"prior_probability", 0.2},
                                                   {"noise_sd", 0.7}});
  const std::vector<DataArray> data = model->data();
  const VectorXd y = data[0].values;
  const Eigen::MatrixXd w = data[1].values.reshaped(3, 4);
  VectorXd all(16);
  for (Index state = 0; state < 16; ++state) {
    VectorXd z(4);
    double expected = 0;
    for (Index k = 0; k < 4; ++k) {
      z[k] = double((state >> k) & 1);
      expected += std::log(z[k] > 0 ? 0.2 : 0.8);
    }
    for (Index f = 0; f < 3; ++f) expected += log_normal(y[f], w.row(f).dot(z), 0.7);
    CHECK(test::log_density_at(*model->density(), z) == Approx(expected).epsilon(1e-12));
    all[state] = expected;
  }
  CHECK(model->reference()->log_evidence()->value == Approx(log_sum_exp(all)).epsilon(1e-12));
}

TEST_CASE("exact draws of the binary model have its moments") {
  test::check_sampler_against_moments(*test::model("binary_latent"), 50'000);
}

}  // namespace binary_latent_tests
