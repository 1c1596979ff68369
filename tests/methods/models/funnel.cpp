#include "support/plugin_under_test.hpp"

using namespace elbow;

TEST_CASE("the funnel's density is that of v and of x given v") {
  const auto funnel = test::model("funnel", {{"dimension", 3}});
  const Eigen::Vector3d z(1.5, -0.7, 2.2);
  Eigen::VectorXd log_p(1);
  funnel->density()->log_density(z, log_p);
  const double sd = std::exp(0.75);
  CHECK(log_p[0] == Approx(log_normal(1.5, 0, 3) + log_normal(-0.7, 0, sd) + log_normal(2.2, 0, sd))
                        .epsilon(1e-14));
}
