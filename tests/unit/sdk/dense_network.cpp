#include <catch2/catch.hpp>
#include <elbow/dense_network.hpp>
#include <elbow/error.hpp>
#include <elbow/math.hpp>

#include "support/allocation_counter.hpp"

using namespace elbow;
using Eigen::MatrixXd;
using Eigen::MatrixXf;
using Eigen::VectorXd;

namespace dense_network_tests {

namespace {

const std::vector<Activation> activations = {Activation::identity, Activation::relu,
                                             Activation::tanh,     Activation::sigmoid,
                                             Activation::softplus, Activation::silu};

double apply(Activation activation, double x) {
  switch (activation) {
    case Activation::relu:
      return std::fmax(x, 0);
    case Activation::tanh:
      return std::tanh(x);
    case Activation::sigmoid:
      return sigmoid(x);
    case Activation::softplus:
      return softplus(x);
    case Activation::silu:
      return x * sigmoid(x);
    default:
      return x;
  }
}

RandomStream numbers(std::uint64_t seed = 1) { return RandomStream(seed, 0, "dense network"); }

MatrixXd normals(Index rows, Index cols, std::uint64_t seed) {
  MatrixXd out(rows, cols);
  numbers(seed).fill_normal(out);
  return out;
}

/// A network with its parameters, biases and zero layers away from their start.
template <class T>
struct Net {
  Parameters parameters;
  DenseNetwork<T> network;
  typename DenseNetwork<T>::Pass pass;

  Net(Index inputs, const std::vector<DenseLayer>& layers, RandomStream stream = numbers())
      : network(parameters, "net", inputs, layers, stream) {
    RandomStream noise = numbers(2);
    for (double& x : parameters.f64()) x += 0.3 * noise.normal();
    for (float& x : parameters.f32()) x += 0.3f * float(noise.normal());
  }

  MatrixXd operator()(const MatrixXd& x) {
    network.begin(pass, x.cols());
    pass.input() = x.cast<T>();
    network.forward(parameters, pass);
    return pass.output().template cast<double>();
  }

  /// Of sum g . output. @return the input's gradient
  MatrixXd pull_back(const MatrixXd& g, Gradient& phi) {
    pass.output_gradient() = g.cast<T>();
    network.backward(parameters, pass, phi.out());
    return pass.input_gradient().template cast<double>();
  }
};

std::vector<DenseLayer> three_layers(Activation hidden, Activation last = Activation::identity) {
  return {{19, hidden, WeightStart::he, 1, {}},
          {33, hidden, WeightStart::glorot, 0.7, {}},
          {5, last, WeightStart::zero, 1, {}}};
}

/// By Eigen's products and the C library, in double.
template <class T>
MatrixXd reference(Net<T>& net, const std::vector<DenseLayer>& layers, const MatrixXd& x) {
  MatrixXd y = x;
  for (std::size_t l = 0; l < layers.size(); ++l) {
    MatrixXd w = net.parameters.matrix(net.network.weights(l)).template cast<double>();
    if (layers[l].mask.size() > 0) w.array() *= layers[l].mask.template cast<double>().array();
    const VectorXd b = net.parameters.vector(net.network.bias(l)).template cast<double>();
    y = ((layers[l].gain * w * y).colwise() + b).unaryExpr([&](double v) {
      return apply(layers[l].activation, v);
    });
  }
  return y;
}

}  // namespace

TEST_CASE("a dense network is its products, biases and activations") {
  const Activation hidden = GENERATE(from_range(activations));
  const Activation last = GENERATE(Activation::identity, Activation::sigmoid);
  const auto layers = three_layers(hidden, last);
  const MatrixXd x = 2 * normals(7, 21, 3);
  Net<double> f64(7, layers);
  REQUIRE((f64(x) - reference(f64, layers, x)).cwiseAbs().maxCoeff() < 1e-13);
  Net<float> f32(7, layers);
  REQUIRE((f32(x) - reference(f32, layers, x)).cwiseAbs().maxCoeff() < 2e-5);
}

TEST_CASE("activations keep their limits far out and pass NaN through") {
  const Activation activation = GENERATE(from_range(activations));
  Net<float> net(1, {{1, activation, WeightStart::zero, 1, {}}});
  net.parameters.f32().setZero();
  net.parameters.f32()[0] = 1;
  const MatrixXd x = (MatrixXd(1, 6) << -1e4, -50, 50, 1e4, 0, NAN).finished();
  const MatrixXd y = net(x);
  for (Index i = 0; i < 5; ++i) {
    INFO("activation " << int(activation) << " at " << x(0, i));
    REQUIRE(y(0, i) == Approx(apply(activation, x(0, i))).epsilon(1e-6).margin(1e-18));
  }
  REQUIRE(std::isnan(y(0, 5)));
}

TEST_CASE("a dense network's pull-back agrees with finite differences") {
  const Activation hidden = GENERATE(from_range(activations));
  const Activation last = GENERATE(from_range(activations));
  Net<double> net(7, three_layers(hidden, last));
  const MatrixXd x = normals(7, 11, 3), g = normals(5, 11, 4);
  Gradient phi(net.parameters);
  net(x);
  const MatrixXd to_input = net.pull_back(g, phi);
  const auto value = [&](const MatrixXd& at) { return net(at).cwiseProduct(g).sum(); };
  constexpr double h = 1e-6;
  // Kinks of ReLU between two evaluations: about h of the parameters' directions.
  const double tolerance = 1e-6;
  for (Index i = 0; i < net.parameters.f64().size(); i += 7) {
    const double here = net.parameters.f64()[i];
    net.parameters.f64()[i] = here + h;
    const double above = value(x);
    net.parameters.f64()[i] = here - h;
    const double below = value(x);
    net.parameters.f64()[i] = here;
    INFO("parameter " << i);
    REQUIRE(phi.f64()[i] == Approx((above - below) / (2 * h)).margin(tolerance).epsilon(1e-6));
  }
  for (Index i = 0; i < x.size(); i += 5) {
    MatrixXd moved = x;
    moved(i) = x(i) + h;
    const double above = value(moved);
    moved(i) = x(i) - h;
    const double below = value(moved);
    INFO("input " << i);
    REQUIRE(to_input(i) == Approx((above - below) / (2 * h)).margin(tolerance).epsilon(1e-6));
  }
}

TEST_CASE("the pull-back in single precision is that in double precision") {
  const auto layers = three_layers(GENERATE(from_range(activations)));
  Net<double> f64(7, layers);
  Net<float> f32(7, layers);
  f64.parameters.f64() = f32.parameters.f32().cast<double>();
  const MatrixXd x = normals(7, 20, 3).cast<float>().cast<double>();
  const MatrixXd g = normals(5, 20, 4).cast<float>().cast<double>();
  Gradient of_f64(f64.parameters), of_f32(f32.parameters);
  f64(x), f32(x);
  const MatrixXd to_x = f64.pull_back(g, of_f64);
  REQUIRE(f32.pull_back(g, of_f32).isApprox(to_x, 1e-5));
  REQUIRE(of_f32.f32().cast<double>().isApprox(of_f64.f64(), 1e-5));
}

TEST_CASE("a column's output has the same bits in every batch") {
  Net<float> net(7, three_layers(GENERATE(from_range(activations))));
  const MatrixXd x = normals(7, 37, 5);
  const MatrixXd together = net(x);
  for (const Index width : {1, 2, 3, 5, 8, 13})
    for (Index first = 0; first + width <= x.cols(); first += width)
      REQUIRE(net(x.middleCols(first, width)) == together.middleCols(first, width));
}

TEST_CASE("zeros of a sparse input are left out of the products without changing a bit") {
  // Beside enough dense columns whose output has no gradient, the same columns are read densely.
  const bool masked = GENERATE(false, true);
  const double gain = GENERATE(1., 0.7);
  constexpr Index inputs = 37, outputs = 85, sparse = 11, dense = 8;
  const MatrixXf mask = masked ? MatrixXf(normals(outputs, inputs, 5).cast<float>()) : MatrixXf();
  Net<float> net(inputs, {{outputs, Activation::softplus, WeightStart::he, gain, mask},
                          {3, Activation::identity, WeightStart::he, 1, {}}});
  MatrixXd x = normals(inputs, sparse + dense, 3);
  for (Index j = 0; j < sparse; ++j)
    for (Index i = 0; i < inputs; ++i)
      if ((i + 3 * j) % 7 > 0 || j == 4) x(i, j) = 0;
  MatrixXd g = normals(3, sparse + dense, 4);
  g.rightCols(dense).setZero();
  Gradient with(net.parameters), without(net.parameters);
  const MatrixXd y_with = net(x), x_with = net.pull_back(g, with);
  const MatrixXd y = net(x.leftCols(sparse)), to_x = net.pull_back(g.leftCols(sparse), without);
  REQUIRE(y == y_with.leftCols(sparse));
  REQUIRE(to_x == x_with.leftCols(sparse));
  REQUIRE(with.f32() == without.f32());
  REQUIRE(with.f32().norm() > 0);
}

TEST_CASE("the pull-back of a batch is the sum of its parts', and adds to the gradient") {
  Net<double> net(7, three_layers(Activation::silu, Activation::tanh));
  const MatrixXd x = normals(7, 30, 5), g = normals(5, 30, 6);
  Gradient together(net.parameters), parts(net.parameters);
  net(x);
  const MatrixXd to_x = net.pull_back(g, together);
  MatrixXd to_parts(7, 30);
  for (const auto& [first, width] : {std::pair<Index, Index>(0, 11), {11, 1}, {12, 18}}) {
    net(x.middleCols(first, width));
    to_parts.middleCols(first, width) = net.pull_back(g.middleCols(first, width), parts);
  }
  REQUIRE(parts.f64().isApprox(together.f64(), 1e-12));
  REQUIRE(to_parts.isApprox(to_x, 1e-13));
}

TEST_CASE("a gradient set to zero is written by the first pull-back and added to by the second") {
  const bool sparse = GENERATE(false, true), masked = GENERATE(false, true);
  const double gain = GENERATE(1., 0.7);
  constexpr Index inputs = 40, outputs = 29, columns = 9;
  const MatrixXf mask = masked ? MatrixXf(normals(outputs, inputs, 5).cast<float>()) : MatrixXf();
  Net<float> net(inputs, {{outputs, Activation::relu, WeightStart::he, gain, mask},
                          {16, Activation::identity, WeightStart::he, 1, {}}});
  MatrixXd x = normals(inputs, columns, 3);
  if (sparse) x.topRows(35).setZero();
  const MatrixXd g = normals(16, columns, 4);
  Gradient fresh(net.parameters), used(net.parameters);
  used.f32().setConstant(NAN);
  used.set_zero();
  net(x);
  net.pull_back(g, fresh);
  net.pull_back(g, used);
  // Summed up while it was written, and from what was written.
  const double squares = used.squared_norm();
  REQUIRE(squares == Approx(std::as_const(used).f32().cast<double>().squaredNorm()).epsilon(1e-6));
  REQUIRE(squares > 0);
  REQUIRE(used.f32() == fresh.f32());
  used.set_zero();
  net.pull_back(g, used);
  net.pull_back(g, used);
  REQUIRE(used.squared_norm() == Approx(4 * squares).epsilon(1e-5));
  REQUIRE(used.f32().isApprox(2 * fresh.f32(), 1e-5f));
}

TEST_CASE("large layers of few inputs or few items are their products") {
  const bool masked = GENERATE(false, true);
  const auto layer = [&](Index outputs, Index inputs, Activation activation) {
    const MatrixXf mask = masked ? MatrixXf(normals(outputs, inputs, 5).cast<float>()) : MatrixXf();
    return std::vector<DenseLayer>{{outputs, activation, WeightStart::he, 1, mask}};
  };
  const auto wide = layer(700, 20, GENERATE(Activation::identity, Activation::tanh));
  Net<float> forward(20, wide);
  const MatrixXd x = normals(20, 100, 3);
  REQUIRE((forward(x) - reference(forward, wide, x)).cwiseAbs().maxCoeff() < 1e-4);

  Net<float> backward(330, layer(203, 330, Activation::identity));
  const MatrixXd items = normals(330, 9, 3), g = normals(203, 9, 4);
  MatrixXd expected = g * items.transpose();
  if (masked) expected.array() *= normals(203, 330, 5).array();
  Gradient phi(backward.parameters);
  phi.set_zero();
  for (const int times : {1, 2}) {
    backward(items);
    backward.pull_back(g, phi);
    REQUIRE(phi.squared_norm() ==
            Approx(times * times * (expected.squaredNorm() + g.rowwise().sum().squaredNorm()))
                .epsilon(1e-5));
    const auto found = phi.out().matrix(backward.network.weights(0)).cast<double>();
    REQUIRE((found - times * expected).cwiseAbs().maxCoeff() < 1e-4);
  }
}

TEST_CASE("the squared norm of a pulled back gradient is finite where the gradient is") {
  Net<float> net(40, {{16, Activation::identity, WeightStart::he, 1, {}}});
  // Their squares overflow single precision.
  const MatrixXd x = normals(40, 9, 3), g = 1e25 * normals(16, 9, 4);
  Gradient phi(net.parameters);
  phi.set_zero();
  net(x);
  net.pull_back(g, phi);
  const double squares = std::as_const(phi).f32().cast<double>().squaredNorm();
  REQUIRE(phi.squared_norm() == Approx(squares).epsilon(1e-6));
  phi.set_zero();
  net(x);
  MatrixXd wrong = g;
  wrong(3, 4) = NAN;
  net.pull_back(wrong, phi);
  REQUIRE_FALSE(std::isfinite(phi.squared_norm()));
}

TEMPLATE_TEST_CASE(
    "units that ReLU sets to zero are left out of the products without changing a bit", "", float,
    double) {
  // Beside enough columns whose units are all above zero and whose output has no gradient, the
  // same columns are read densely. Blocks of units and of items end within a register, columns of
  // 125 (in whole registers), 128 and 512 outputs crowd in the cache, more than 256 columns are
  // taken in parts.
  const std::tuple<Index, Index, Index> sizes = GENERATE(table<Index, Index, Index>(
      {{64, 64, 30}, {37, 85, 11}, {150, 128, 70}, {83, 512, 7}, {70, 125, 20}, {300, 72, 260}}));
  const Index units = std::get<0>(sizes), outputs = std::get<1>(sizes), sparse = std::get<2>(sizes);
  const Activation last = GENERATE(Activation::identity, Activation::softplus);
  const bool masked = GENERATE(false, true);
  const double gain = GENERATE(1., 0.7);
  const MatrixXf mask = masked ? MatrixXf(normals(outputs, units, 5).cast<float>()) : MatrixXf();
  const std::vector<DenseLayer> layers = {{units, Activation::relu, WeightStart::he, 1, {}},
                                          {outputs, last, WeightStart::he, gain, mask}};
  Net<TestType> net(units, layers);
  net.parameters.matrix(net.network.weights(0)).setIdentity();
  net.parameters.vector(net.network.bias(0)).setZero();
  const Index dense = 4 * sparse;
  MatrixXd x(units, sparse + dense), g(outputs, sparse + dense);
  x << normals(units, sparse, 3), normals(units, dense, 6).cwiseAbs();
  g << normals(outputs, sparse, 4), MatrixXd::Zero(outputs, dense);
  Gradient with(net.parameters), without(net.parameters);
  const auto numbers_of = [](Gradient& gradient) {
    if constexpr (std::is_same_v<TestType, float>)
      return gradient.f32();
    else
      return gradient.f64();
  };
  const MatrixXd y_with = net(x), x_with = net.pull_back(g, with);
  const MatrixXd y = net(x.leftCols(sparse)), to_x = net.pull_back(g.leftCols(sparse), without);
  REQUIRE(y == y_with.leftCols(sparse));
  REQUIRE((y - reference(net, layers, x.leftCols(sparse))).cwiseAbs().maxCoeff() < 1e-4);
  // Sums over outputs are in another order.
  REQUIRE((to_x - x_with.leftCols(sparse)).cwiseAbs().maxCoeff() < 1e-4);
  REQUIRE((to_x.array() != 0).count() > to_x.size() / 3);
  REQUIRE(to_x.cwiseProduct((x.leftCols(sparse).array() < 0).cast<double>().matrix()).isZero(0));
  REQUIRE(with.out().matrix(net.network.weights(1)) ==
          without.out().matrix(net.network.weights(1)));
  REQUIRE(numbers_of(with).isApprox(numbers_of(without), TestType(1e-5)));
  REQUIRE(with.squared_norm() == Approx(without.squared_norm()).epsilon(1e-5));
}

TEST_CASE("an input given to the pass from elsewhere is that which is written into the pass") {
  const bool sparse = GENERATE(false, true);
  const Index inputs = GENERATE(37, 40), columns = 12;
  Net<float> net(inputs, three_layers(Activation::tanh));
  MatrixXd x = normals(inputs, columns, 3);
  if (sparse) x.topRows(33).setZero();
  const MatrixXd g = normals(5, columns, 4);
  Gradient written(net.parameters), given(net.parameters);
  const MatrixXd y = net(x), to_x = net.pull_back(g, written);
  net(normals(inputs, columns, 5));
  // Some rows of a larger block, which is released before the pull-back.
  MatrixXf block = MatrixXf::Constant(50, columns, 7);
  block.middleRows(5, inputs) = x.cast<float>();
  net.network.begin(net.pass, columns);
  net.network.forward(net.parameters, net.pass, block.middleRows(5, inputs));
  block.setConstant(NAN);
  REQUIRE(net.pass.output().cast<double>() == y);
  REQUIRE(net.pull_back(g, given) == to_x);
  REQUIRE(given.f32() == written.f32());
  // And the next pass takes what is written again, its pull-back too.
  REQUIRE(net(x) == y);
  Net<float> fresh(inputs, three_layers(Activation::tanh));
  const MatrixXd other = normals(inputs, columns, 7);
  Gradient after(net.parameters), expected(fresh.parameters);
  REQUIRE(net(other) == fresh(other));
  REQUIRE(net.pull_back(g, after) == fresh.pull_back(g, expected));
  REQUIRE(after.f32() == expected.f32());
}

TEST_CASE("a batch with NaN leaves nothing behind for the next one") {
  // Behind ReLU, with outputs that end within a register.
  constexpr Index units = 40, outputs = 125, columns = 20;
  const std::vector<DenseLayer> layers = {
      {units, Activation::relu, WeightStart::he, 1, {}},
      {outputs, Activation::softplus, WeightStart::he, 1, MatrixXf::Ones(outputs, units)}};
  Net<float> used(units, layers), fresh(units, layers);
  const MatrixXd x = normals(units, columns, 3), g = normals(outputs, columns, 4);
  MatrixXd wrong = x;
  wrong(2, 3) = NAN;
  Gradient spoilt(used.parameters), found(used.parameters), expected(fresh.parameters);
  used(wrong);
  used.pull_back(g, spoilt);
  REQUIRE(used(x) == fresh(x));
  REQUIRE(used.pull_back(g, found) == fresh.pull_back(g, expected));
  REQUIRE(found.f32() == expected.f32());
}

TEST_CASE("masked weights neither act nor have a gradient") {
  MatrixXf mask = MatrixXf::Zero(5, 7);
  for (Index i = 0; i < 5; ++i) mask.row(i).head(i).setOnes();
  const std::vector<DenseLayer> layers = {{5, Activation::tanh, WeightStart::he, 1, mask}};
  Net<double> net(7, layers);
  const MatrixXd x = normals(7, 9, 3);
  REQUIRE(net(x).isApprox(reference(net, layers, x), 1e-13));
  MatrixXd moved = x;
  moved.bottomRows(4).setConstant(1e3);
  REQUIRE(net(moved).topRows(4) == net(x).topRows(4));
  Gradient phi(net.parameters);
  net(x);
  const MatrixXd to_x = net.pull_back(MatrixXd::Ones(5, 9), phi);
  const MatrixXd to_weights = phi.out().matrix(net.network.weights(0));
  for (Index i = 0; i < 5; ++i)
    for (Index j = 0; j < 7; ++j) REQUIRE((to_weights(i, j) != 0) == (mask(i, j) != 0));
  REQUIRE(to_x.bottomRows(3).isZero(0));
  REQUIRE_FALSE(to_x.topRows(4).isZero());
}

TEST_CASE("a mask of another shape is refused with both shapes") {
  REQUIRE_THROWS_WITH(Net<float>(3, {{2, Activation::tanh, WeightStart::he, 1, MatrixXf(3, 2)}}),
                      Catch::Contains("must be 2 x 3, got 3 x 2"));
}

TEST_CASE("weights start with the variance of their scheme, biases at zero") {
  const auto [start, variance] = GENERATE(table<WeightStart, double>(
      {{WeightStart::glorot, 2 / 500.}, {WeightStart::he, 2 / 300.}, {WeightStart::zero, 0}}));
  Parameters parameters;
  RandomStream stream = numbers();
  DenseNetwork<float> network(parameters, "net", 300, {{200, Activation::relu, start, 1, {}}},
                              stream);
  const auto w = parameters.vector(network.weights(0)).cast<double>();
  // Of 60,000 squares of normals, 5 standard errors are 0.029.
  REQUIRE(w.squaredNorm() / double(w.size()) == Approx(variance).epsilon(0.029).margin(1e-30));
  REQUIRE(parameters.vector(network.bias(0)).isZero(0));
}

TEST_CASE(
    "a step of a dense network allocates nothing, nor do smaller batches after a larger one") {
  Net<float> net(100, {{200, Activation::relu, WeightStart::he, 1, {}},
                       {300, Activation::silu, WeightStart::he, 1, MatrixXf::Ones(300, 200)},
                       {40, Activation::sigmoid, WeightStart::he, 1, {}}});
  Gradient phi(net.parameters);
  net.network.begin(net.pass, 128);
  const std::size_t before = test::allocations();
  for (const Index batch : {128, 20, 128, 1, 20}) {
    net.network.begin(net.pass, batch);
    // Sparse in some batches, dense in others.
    net.pass.input().setConstant(batch == 20 ? 0.5f : 0);
    net.pass.input().topRows(batch == 1 ? 20 : 10).setConstant(0.5f);
    net.network.forward(net.parameters, net.pass);
    net.pass.output_gradient().setConstant(1);
    net.network.backward(net.parameters, net.pass, phi.out());
  }
  REQUIRE(test::allocations() == before);
}

TEST_CASE("networks without inputs and without layers are allowed") {
  Net<double> constant(0, {{3, Activation::tanh, WeightStart::glorot, 1, {}}});
  const MatrixXd y = constant(MatrixXd(0, 4));
  REQUIRE(y.col(0) == y.col(3));
  Gradient phi(constant.parameters);
  constant.pull_back(MatrixXd::Ones(3, 4), phi);
  REQUIRE_FALSE(phi.f64().isZero());
  Net<double> nothing(3, {});
  const MatrixXd x = normals(3, 4, 1);
  REQUIRE(nothing(x) == x);
}

TEST_CASE("an activation is found by its name, and a wrong name lists them") {
  for (const std::string& name : activation_names()) activation_named(name);
  REQUIRE(activation_names(Activation::relu).front() == "relu");
  REQUIRE(activation_named("silu") == Activation::silu);
  REQUIRE_THROWS_WITH(activation_named("swish"), Catch::Contains("softplus, silu, got \"swish\""));
}

TEST_CASE("widths of hidden layers are whole numbers") {
  REQUIRE(layer_widths((VectorXd(2) << 8, 3).finished()) == std::vector<Index>{8, 3});
  REQUIRE_THROWS_WITH(layer_widths(VectorXd::Constant(1, 4.5)), Catch::Contains("4.5"));
  REQUIRE_THROWS_AS(layer_widths(VectorXd::Constant(1, 0)), OptionError);
}

}  // namespace dense_network_tests
