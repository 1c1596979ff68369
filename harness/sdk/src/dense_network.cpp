#include <algorithm>
#include <cmath>
#include <elbow/error.hpp>
#include <string_view>
#include <type_traits>
#include <utility>

#include "activations.hpp"
#include "sparse_product.hpp"
#include "tiled_product.hpp"

namespace elbow {
namespace {

using namespace tiles;

constexpr std::pair<std::string_view, Activation> named_activations[] = {
    {"identity", Activation::identity}, {"relu", Activation::relu},
    {"tanh", Activation::tanh},         {"sigmoid", Activation::sigmoid},
    {"softplus", Activation::softplus}, {"silu", Activation::silu}};

template <class T>
BlockId<T> add_block(Parameters& parameters, const std::string& name, Index rows, Index cols) {
  if constexpr (std::is_same_v<T, float>)
    return parameters.add_f32(name, rows, cols);
  else
    return parameters.add(name, rows, cols);
}

double start_sd(WeightStart start, Index inputs, Index outputs) {
  if (start == WeightStart::zero || inputs == 0) return 0;
  return std::sqrt(2 / double(start == WeightStart::he ? inputs : inputs + outputs));
}

/// Copies rows first ... last - 1 into the first rows of `out`, whose further rows stay as they
/// are.
template <class T, class From>
void copy_rows(const From& from, Index first, Index last,
               Eigen::Ref<typename DenseNetwork<T>::Matrix> out) {
  for (Index j = 0; j < from.cols(); ++j)
    for (Index i = first; i < last; ++i) out(i - first, j) = from(i, j);
}

// The attributes that GCC leaves out of a template argument say of __m512 that it may alias.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wignored-attributes"

/// Writes the transpose of a block whose rows are filled up to whole registers, its own too.
/// @param      from  [rows x columns]  `step` between columns
/// @param[out] to    [padded columns x rows]  the columns that fill up are zeros
template <class T>
void transpose(const T* from, Index step, Index rows, Index columns, T* to, Index to_step) {
  Eigen::internal::PacketBlock<Packet<T>, int(lanes<T>)> block;
  for (Index row = 0; row < rows; row += lanes<T>)
    for (Index column = 0; column < columns; column += lanes<T>) {
      for (Index j = 0; j < lanes<T>; ++j)
        block.packet[j] =
            column + j < columns ? load(from + row + (column + j) * step) : broadcast(T(0));
      Eigen::internal::ptranspose(block);
      const Index filled = std::min(lanes<T>, rows - row);
      for (Index i = 0; i < filled; ++i) store(to + column + (row + i) * to_step, block.packet[i]);
    }
}

#pragma GCC diagnostic pop

/// Memory that a step uses and nobody needs afterwards; it only grows.
template <class T, int Which>
T* scratch(Index size) {
  thread_local Eigen::Matrix<T, Eigen::Dynamic, 1> kept;
  if (kept.size() < size) kept.resize(size);
  return kept.data();
}

/// The pattern of a layer's turned input, which nobody needs after a step either.
SparsityPattern& turned_pattern() {
  thread_local SparsityPattern kept;
  return kept;
}

/// g *= the slopes of a layer, which are given or told by its outputs y; all [size], in whole
/// registers.
template <class T>
void scale_by_slopes(Activation activation, const T* y, const T* slopes, T* g, Index size) {
  if (activation == Activation::identity) return;
  with_constant(activation, [&]<Activation A>() {
    for (Index i = 0; i < size; i += lanes<T>) {
      const Packet<T> slope = slopes ? load(slopes + i) : slope_at<T>(A, load(y + i));
      store(g + i, Eigen::internal::pmul(load(g + i), slope));
    }
  });
}

}  // namespace

std::vector<std::string> activation_names(Activation first) {
  std::vector<std::string> names;
  for (const auto& [name, activation] : named_activations)
    names.insert(activation == first ? names.begin() : names.end(), std::string(name));
  return names;
}

Activation activation_named(const std::string& name) {
  std::string names;
  for (const auto& [known, activation] : named_activations) {
    if (known == name) return activation;
    names += (names.empty() ? "" : ", ") + std::string(known);
  }
  throw OptionError("activation must be one of " + names + ", got \"" + name + "\"");
}

std::vector<Index> layer_widths(const Eigen::VectorXd& option) {
  std::vector<Index> widths;
  for (const double width : option) {
    if (!(width >= 1) || width != std::floor(width))
      throw OptionError("hidden must be whole numbers from 1, got " + std::to_string(width));
    widths.push_back(Index(width));
  }
  return widths;
}

template <class T>
DenseNetwork<T>::DenseNetwork(Parameters& parameters, const std::string& name, Index inputs,
                              std::vector<DenseLayer> layers, RandomStream& stream)
    : inputs_(inputs) {
  for (const DenseLayer& given : layers) {
    const std::string number = std::to_string(layers_.size() + 1);
    if (given.mask.size() > 0 &&
        (given.mask.rows() != given.outputs || given.mask.cols() != inputs))
      throw Error("the mask of layer " + number + " of \"" + name + "\" must be " +
                  std::to_string(given.outputs) + " x " + std::to_string(inputs) + ", got " +
                  std::to_string(given.mask.rows()) + " x " + std::to_string(given.mask.cols()));
    Layer layer{inputs, given.outputs, given.activation, T(given.gain), {}, {}, {}, {}, {}, {}};
    layer.weights = add_block<T>(parameters, name + "_weights_" + number, given.outputs, inputs);
    layer.bias = add_block<T>(parameters, name + "_bias_" + number, given.outputs, 1);
    const double sd = start_sd(given.start, inputs, given.outputs);
    if (sd > 0) {
      Eigen::MatrixXd start(given.outputs, inputs);
      stream.fill_normal(start);
      parameters.matrix(layer.weights) = (sd * start).template cast<T>();
    }
    const Index rows = padded<T>(given.outputs);
    if (given.mask.size() > 0) {
      layer.mask.setZero(rows, inputs);
      layer.mask.topRows(given.outputs) = given.mask.cast<T>();
      layer.masked.setZero(rows, inputs);
    } else if (rows != given.outputs) {
      layer.tail.setZero(lanes<T>, inputs);
    }
    layer.padded_bias.setZero(rows);
    layers_.push_back(std::move(layer));
    inputs = given.outputs;
  }
}

template <class T>
void DenseNetwork<T>::begin(Pass& pass, Index columns) const {
  pass.columns_ = columns;
  Index widest = padded<T>(inputs_);
  for (const Layer& layer : layers_) widest = std::max(widest, padded<T>(layer.outputs));
  scratch<T, 0>(padded<T>(columns) * widest), scratch<T, 1>(padded<T>(columns) * widest);
  if (!pass.values_.empty() && pass.values_[0].cols() >= columns) return;
  pass.patterns_.resize(layers_.size());
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    if (!looks_for_zeros(l)) continue;
    pass.patterns_[l].reserve(layers_[l].inputs, columns);
    turned_pattern().reserve(padded<T>(columns), layers_[l].inputs);
  }
  pass.rows_.assign(1, inputs_);
  for (const Layer& layer : layers_) pass.rows_.push_back(layer.outputs);
  pass.values_.clear(), pass.gradients_.clear(), pass.slopes_.clear();
  for (const Index rows : pass.rows_) {
    pass.values_.push_back(Matrix::Zero(padded<T>(rows), columns));
    pass.gradients_.push_back(pass.values_.back());
  }
  for (const Layer& layer : layers_)
    pass.slopes_.push_back(layer.activation == Activation::silu
                               ? Matrix::Zero(padded<T>(layer.outputs), columns)
                               : Matrix());
}

template <class T>
bool DenseNetwork<T>::looks_for_zeros(std::size_t layer) const {
  if (layer == 0) return true;
  // A few rows are computed faster with the zeros.
  constexpr Index least = most_sparse_panels * lanes<T>;
  return layers_[layer - 1].activation == Activation::relu && layers_[layer].outputs >= least;
}

template <class T>
void DenseNetwork<T>::prepare(Parameters& parameters, Layer& layer) const {
  const auto weights = parameters.matrix(layer.weights);
  layer.padded_bias.head(layer.outputs) = parameters.vector(layer.bias);
  if (layer.mask.size() > 0)
    layer.masked.topRows(layer.outputs) = weights.cwiseProduct(layer.mask.topRows(layer.outputs));
  else if (layer.tail.size() > 0)
    copy_rows<T>(weights, layer.outputs / lanes<T> * lanes<T>, layer.outputs, layer.tail);
}

template <class T>
void DenseNetwork<T>::forward(Parameters& parameters, Pass& pass) {
  pass.is_turned_ = false;
  forward(parameters, pass, pass.values_[0].data(), pass.values_[0].rows());
}

template <class T>
void DenseNetwork<T>::forward(Parameters& parameters, Pass& pass,
                              const Eigen::Ref<const Matrix>& input) {
  // `transpose` reads whole registers.
  if (layers_.empty() || inputs_ % lanes<T> != 0) {
    pass.input() = input;
    return forward(parameters, pass);
  }
  const Index filled = padded<T>(pass.columns_);
  if (pass.turned_input_.size() < filled * inputs_) pass.turned_input_.resize(filled, inputs_);
  transpose<T>(input.data(), input.outerStride(), inputs_, pass.columns_, pass.turned_input_.data(),
               filled);
  pass.is_turned_ = true;
  forward(parameters, pass, input.data(), input.outerStride());
}

template <class T>
void DenseNetwork<T>::forward(Parameters& parameters, Pass& pass, const T* input, Index step) {
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    Layer& layer = layers_[l];
    prepare(parameters, layer);
    const bool masked = layer.mask.size() > 0;
    const Left<T> weights{masked ? layer.masked.data() : parameters.matrix(layer.weights).data(),
                          masked ? layer.masked.rows() : layer.outputs,
                          layer.tail.size() > 0 ? layer.tail.data() : nullptr};
    const Right<T> x =
        l == 0 ? Right<T>{input, step} : Right<T>{pass.values_[l].data(), pass.values_[l].rows()};
    SparsityPattern& pattern = pass.patterns_[l];
    if (looks_for_zeros(l)) pattern.read(x.data, x.step, layer.inputs, pass.columns_);
    Matrix& y = pass.values_[l + 1];
    Matrix& slopes = pass.slopes_[l];
    const T* const bias = layer.padded_bias.data();
    const Packet<T> gain = broadcast(layer.gain);
    const auto finish = [&](const T* tile, Index row, Index panels, Index column, Index columns) {
      with_constant(layer.activation, [&]<Activation A>() {
        const T* sums = tile;
        for (Index j = column; j < column + columns; ++j)
          for (Index r = row; r < row + panels * lanes<T>; r += lanes<T>, sums += lanes<T>) {
            const Packet<T> sum = Eigen::internal::pmadd(load(sums), gain, load(bias + r));
            const Activated<T> activated = activate<T>(A, sum);
            store(&y(r, j), activated.value);
            if constexpr (A == Activation::silu) store(&slopes(r, j), activated.slope);
          }
      });
    };
    // Sums that are the output begin with the bias and are written once.
    const auto place = [&](Index row, Index, Index column, Index) -> Target<T> {
      if (layer.activation != Activation::identity || layer.gain != 1) return {};
      return {.data = &y(row, column), .step = y.rows(), .start = bias + row};
    };
    multiply<T>(layer.outputs, layer.inputs, pass.columns_, weights, x, pattern, finish, place);
  }
}

template <class T>
void DenseNetwork<T>::backward(Parameters& parameters, Pass& pass, GradientOut phi, bool to_input) {
  using Eigen::internal::pmul, Eigen::internal::predux;
  if (layers_.empty()) return;
  // What was pulled back to a layer's output, now to before its activation.
  const auto pull_back_activation = [&](std::size_t l) {
    Matrix& g = pass.gradients_[l + 1];
    const Matrix& slopes = pass.slopes_[l];
    scale_by_slopes<T>(layers_[l].activation, pass.values_[l + 1].data(),
                       slopes.size() > 0 ? slopes.data() : nullptr, g.data(),
                       g.rows() * pass.columns_);
  };
  // The caller writes no rows that fill up a register; a NaN of an earlier batch may be in them.
  Matrix& of_output = pass.gradients_.back();
  of_output.bottomRows(of_output.rows() - outputs()).setZero();
  pull_back_activation(layers_.size() - 1);
  for (std::size_t l = layers_.size(); l-- > 0;) {
    Layer& layer = layers_[l];
    const Matrix& x = pass.values_[l];
    const SparsityPattern& pattern = pass.patterns_[l];
    const Matrix& g = pass.gradients_[l + 1];
    const Packet<T> gain = broadcast(layer.gain);
    const Index filled = padded<T>(pass.columns_);
    if (phi) {
      auto to_bias = phi.vector(layer.bias);
      for (Index j = 0; j < pass.columns_; ++j) to_bias += g.col(j).head(layer.outputs);
      const bool add = !phi.claim(layer.weights);
      double squares = 0;
      T* const to_weights = phi.matrix(layer.weights).data();
      const auto finish = [&](const T* tile, Index row, Index panels, Index column, Index columns) {
        for (Index j = column; j < column + columns; ++j)
          for (Index r = row; r < row + panels * lanes<T>; r += lanes<T>, tile += lanes<T>) {
            T* const to = to_weights + j * layer.outputs + r;
            Packet<T> sum = pmul(load(tile), gain);
            if (layer.mask.size() > 0) sum = pmul(sum, load(&layer.mask(r, j)));
            squares += double(predux(pmul(sum, sum)));
            if (r + lanes<T> <= layer.outputs) {
              store(to, add ? Eigen::internal::padd(load(to), sum) : sum);
              continue;
            }
            alignas(64) T kept[lanes<T>];
            store(kept, sum);
            for (Index i = 0; i < layer.outputs - r; ++i) to[i] = add ? to[i] + kept[i] : kept[i];
          }
      };
      const auto place = [&](Index row, Index panels, Index column, Index) -> Target<T> {
        T* const to = to_weights + column * layer.outputs + row;
        const bool is_whole = row + panels * lanes<T> <= layer.outputs;
        if (!is_whole || layer.mask.size() > 0 || layer.gain != 1) return {};
        if (add)
          return {.data = to, .step = layer.outputs, .start = to, .start_step = layer.outputs};
        return {.data = to, .step = layer.outputs, .squares = &squares};
      };
      const bool is_turned = l == 0 && pass.is_turned_;
      T* const turned_x =
          is_turned ? pass.turned_input_.data() : scratch<T, 0>(filled * layer.inputs);
      if (!is_turned)
        transpose<T>(x.data(), x.rows(), layer.inputs, pass.columns_, turned_x, filled);
      if (!pattern.empty()) turned_pattern().read(turned_x, filled, pass.columns_, layer.inputs);
      multiply<T>(layer.outputs, pass.columns_, layer.inputs, {g.data(), g.rows()},
                  {turned_x, filled}, pattern.empty() ? pattern : turned_pattern(), finish, place);
      if (!add) phi.tell_squared_norm(layer.weights, squares);
    }
    if (l == 0 && !to_input) return;
    const bool masked = layer.mask.size() > 0;
    const Right<T> weights{masked ? layer.masked.data() : parameters.matrix(layer.weights).data(),
                           masked ? layer.masked.rows() : layer.outputs};
    Matrix& to_x = pass.gradients_[l];
    // Of units before ReLU only those above zero have a gradient, with a slope of 1.
    const bool at_units = l > 0 && !pattern.empty() && layer.tail.size() == 0;
    if (at_units) {
      multiply_at<T>(pattern, layer.inputs, padded<T>(layer.outputs), weights, {g.data(), g.rows()},
                     scratch<T, 0>(pattern.count()), to_x.data(), to_x.rows());
    } else {
      // The items in the registers' lanes: W is read as it lies, and only its products are turned.
      T* const turned_g = scratch<T, 0>(filled * layer.outputs);
      T* const turned_to_x = scratch<T, 1>(filled * padded<T>(layer.inputs));
      transpose<T>(g.data(), g.rows(), layer.outputs, pass.columns_, turned_g, filled);
      const auto written = [](const T*, Index, Index, Index, Index) {};
      multiply<T>(pass.columns_, layer.outputs, layer.inputs, {turned_g, filled}, weights, written,
                  [&](Index row, Index, Index column, Index) -> Target<T> {
                    return {.data = turned_to_x + column * filled + row, .step = filled};
                  });
      transpose<T>(turned_to_x, filled, pass.columns_, layer.inputs, to_x.data(), to_x.rows());
    }
    if (layer.gain != 1) to_x.leftCols(pass.columns_) *= layer.gain;
    if (l > 0 && !at_units) pull_back_activation(l - 1);
  }
}

template class DenseNetwork<float>;
template class DenseNetwork<double>;

}  // namespace elbow
