#include <catch2/catch.hpp>
#include <elbow/error.hpp>
#include <elbow/parameters.hpp>
#include <utility>

using namespace elbow;

TEST_CASE("blocks of one scalar type lie behind each other, starting at zero") {
  Parameters parameters;
  const auto mean = parameters.add("mean", 3);
  const auto weights = parameters.add_f32("weights", 2, 4);
  const auto factor = parameters.add("factor", 2, 2);
  CHECK(parameters.f64().size() == 7);
  CHECK(parameters.f32().size() == 8);
  CHECK(parameters.size() == 15);
  CHECK(parameters.f64().isZero());
  CHECK(parameters.f32().isZero());
  CHECK(mean.offset == 0);
  CHECK(factor.offset == 3);
  CHECK(weights.offset == 0);
  const auto& blocks = parameters.blocks();
  REQUIRE(blocks.size() == 3);
  CHECK(blocks[1].name == "weights");
  CHECK(blocks[1].scalar == Scalar::f32);
  CHECK((blocks[1].rows == 2 && blocks[1].cols == 4));
}

TEST_CASE("a block's matrix and vector are views of the same column-major numbers") {
  Parameters parameters;
  parameters.add("first", 1);
  const auto block = parameters.add("block", 2, 2);
  parameters.matrix(block) << 1, 2, 3, 4;
  CHECK(parameters.vector(block) == Eigen::Vector4d(1, 3, 2, 4));
  CHECK(parameters.f64().tail(4) == Eigen::Vector4d(1, 3, 2, 4));
  parameters.vector(block)[1] = NAN;
  CHECK_FALSE(parameters.all_finite());
}

TEST_CASE("a name is given to one block only") {
  Parameters parameters;
  parameters.add("mean", 3);
  CHECK_THROWS_WITH(parameters.add_f32("mean", 2), Catch::Contains("\"mean\" is declared twice"));
}

TEST_CASE("a gradient has the layout of its parameters, and a default one is not wanted") {
  Parameters parameters;
  const auto mean = parameters.add("mean", 2);
  const auto weights = parameters.add_f32("weights", 1, 2);
  Gradient gradient(parameters);
  const GradientOut out = gradient.out();
  REQUIRE(bool(out));
  CHECK_FALSE(bool(GradientOut()));
  out.vector(mean)[0] += 3;
  out.vector(mean)[1] += 4;
  out.matrix(weights)(0, 1) += 12;
  CHECK(gradient.squared_norm() == 169);
  gradient.set_zero();
  CHECK(gradient.squared_norm() == 0);
}

TEST_CASE("a gradient set to zero is zero for whoever looks, and claimed by the first who writes") {
  Parameters parameters;
  parameters.add("mean", 2);
  const auto first = parameters.add_f32("first", 3, 4), second = parameters.add_f32("second", 5);
  Gradient gradient(parameters);
  const GradientOut out = gradient.out();
  CHECK_FALSE(out.claim(first));
  const auto spoil = [&] {
    gradient.f64().setConstant(NAN);
    gradient.f32().setConstant(NAN);
    gradient.set_zero();
  };
  spoil();
  CHECK(gradient.squared_norm() == 0);
  spoil();
  CHECK(gradient.all_finite());
  spoil();
  CHECK(std::as_const(gradient).f32().isZero(0));
  spoil();
  CHECK(out.vector(second).isZero(0));
  CHECK_FALSE(out.claim(second));
  CHECK(out.claim(first));
  CHECK_FALSE(out.claim(first));
  out.matrix(first).setConstant(2);
  out.matrix(first)(2, 3) += 1;
  CHECK(gradient.f32().head(11) == Eigen::VectorXf::Constant(11, 2));
  CHECK(gradient.f32()[11] == 3);
  CHECK(gradient.f32().tail(5).isZero(0));
}

TEST_CASE("the squared norm of a gradient is finite where its numbers and itself are") {
  Parameters parameters;
  parameters.add("a", 3);
  parameters.add_f32("b", 1000);
  Gradient gradient(parameters);
  gradient.f64() << 1, -2, 3;
  for (Index i = 0; i < 1000; ++i) gradient.f32()[i] = float(i) - 500;
  // 14, and the sum of (i - 500)^2 for i from 0 to 999.
  REQUIRE(gradient.squared_norm() == Approx(14 + 83333500.).epsilon(1e-6));
  gradient.f32()[700] = 1e30f;
  REQUIRE(gradient.squared_norm() == Approx(1e60));
  for (const float wrong : {INFINITY, NAN}) {
    gradient.f32()[700] = wrong;
    REQUIRE_FALSE(std::isfinite(gradient.squared_norm()));
  }
}

TEST_CASE("a squared norm told by a block's writer holds until the block is looked at again") {
  Parameters parameters;
  const auto block = parameters.add_f32("block", 2, 2);
  Gradient gradient(parameters);
  const GradientOut out = gradient.out();
  out.matrix(block).setConstant(2);
  out.tell_squared_norm(block, 15);
  CHECK(gradient.squared_norm() == 15);
  CHECK(std::as_const(gradient).f32()[3] == 2);
  CHECK(gradient.squared_norm() == 15);
  SECTION("by a pull-back") { out.vector(block)[0] = 2; }
  SECTION("by the gradient's owner") { gradient.f32()[0] = 2; }
  SECTION("or unless it overflowed") { out.tell_squared_norm(block, INFINITY); }
  CHECK(gradient.squared_norm() == 16);
  out.tell_squared_norm(block, 15);
  gradient.set_zero();
  CHECK(gradient.squared_norm() == 0);
}
