#include "cell/counted_model.hpp"

#include <catch2/catch.hpp>

using namespace elbow;

namespace {

class StandardNormal final : public Model, public Density {
 public:
  Density* density() override { return this; }
  Index dimension() const override { return 2; }
  std::vector<Variable> variables() const override { return {{"x", {2}, {}, ""}}; }
  void log_density(Draws z, VectorOut log_p) override {
    log_p = -0.5 * z.colwise().squaredNorm().transpose();
  }
  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override {
    log_density(z, log_p);
    gradient = -z;
  }
};

}  // namespace

TEST_CASE("calls are counted by draws, and answers are the model's own") {
  StandardNormal model;
  CountedModel counted(model);
  const Eigen::MatrixXd z = Eigen::MatrixXd::Constant(2, 5, 3);
  Eigen::VectorXd log_p(5);
  Eigen::MatrixXd gradient(2, 5);
  counted.density()->log_density(z, log_p);
  counted.density()->log_density_gradient(z.leftCols(3), log_p.head(3), gradient.leftCols(3));
  CHECK(counted.counts().densities == 5);
  CHECK(counted.counts().gradients == 3);
  CHECK(counted.counts().simulations == 0);
  CHECK(log_p == Eigen::VectorXd::Constant(5, -9));
  CHECK(gradient.leftCols(3) == -z.leftCols(3));
}

TEST_CASE("points of density 0 and densities that are no numbers are counted as rejections") {
  StandardNormal model;
  CountedModel counted(model);
  Eigen::MatrixXd z(2, 4);
  z << 0, INFINITY, NAN, 1, 0, 0, 0, 0;
  Eigen::VectorXd log_p(4);
  Eigen::MatrixXd gradient(2, 4);
  counted.density()->log_density(z, log_p);
  CHECK(counted.counts().rejections == 2);
  counted.density()->log_density_gradient(z.leftCols(2), log_p.head(2), gradient.leftCols(2));
  CHECK(counted.counts().rejections == 3);
  counted.add({0, 0, 0, 10});
  CHECK(counted.counts().rejections == 13);
}

TEST_CASE("a facet that the model lacks is lacking through the counter") {
  StandardNormal model;
  CountedModel counted(model);
  CHECK(counted.simulator() == nullptr);
  CHECK(counted.energy() == nullptr);
  CHECK(counted.reference() == nullptr);
}
