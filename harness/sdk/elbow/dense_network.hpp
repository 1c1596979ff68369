#pragma once

#include <elbow/parameters.hpp>
#include <elbow/random.hpp>
#include <elbow/sparsity_pattern.hpp>
#include <elbow/types.hpp>
#include <string>
#include <vector>

namespace elbow {

/// What a layer does to its product plus bias x. SiLU is x sigmoid(x), softplus log(1 + e^x).
enum class Activation { identity, relu, tanh, sigmoid, softplus, silu };

/// Their names, for a plugin's option table; the first is the one given.
std::vector<std::string> activation_names(Activation first = Activation::tanh);
/// @throws OptionError listing the names.
Activation activation_named(const std::string& name);

/// How weights begin; biases begin at zero. Normal with variance 2 / (inputs + outputs) (Glorot &
/// Bengio 2010), 2 / inputs (He et al. 2015), or all zero, so that the network begins as a
/// constant.
enum class WeightStart { glorot, he, zero };

/// Widths of hidden layers from an option of reals. @throws OptionError for one that is not whole.
std::vector<Index> layer_widths(const Eigen::VectorXd& option);

/// One layer: y = activation(gain * W x + b).
struct DenseLayer {
  Index outputs;
  Activation activation = Activation::identity;
  WeightStart start = WeightStart::glorot;
  double gain = 1;
  Eigen::MatrixXf mask = {};  ///< [outputs x inputs]  multiplies W; 0 x 0 for none
};

/// Dense layers behind each other, with hand-written pull-backs. T (float or double) is the
/// arithmetic and the type of the parameters; double is for checks. Columns are the items of a
/// batch. A column's output has the same bits whatever other columns share its batch. Zeros of a
/// sparse input, and of units that ReLU sets to zero, are left out of the products. Products run at
/// the rate of the machine's matrix product, activations are applied while a tile is in the cache;
/// nothing is allocated once a pass has seen its largest batch. A NaN in a column's input is a NaN
/// in its output. Thread-safe: no.
///
///     network.begin(pass, B);                   // room for B columns
///     pass.input() = ...;                       // [inputs x B]
///     network.forward(parameters, pass);        // pass.output() is [outputs x B]
///     pass.output_gradient() = ...;             // [outputs x B]
///     network.backward(parameters, pass, phi);  // adds to phi; pass.input_gradient() [inputs x B]
template <class T>
class DenseNetwork {
 public:
  using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;
  using Vector = Eigen::Matrix<T, Eigen::Dynamic, 1>;
  using Block = Eigen::Map<Matrix, 0, Eigen::OuterStride<>>;

  /// The numbers of one batch on its way; a network may have several passes in flight.
  class Pass {
   public:
    Block input() { return block(values_.front(), rows_.front()); }
    Block output() { return block(values_.back(), rows_.back()); }
    /// Written by the caller; `backward` overwrites it.
    Block output_gradient() { return block(gradients_.back(), rows_.back()); }
    Block input_gradient() { return block(gradients_.front(), rows_.front()); }
    Index columns() const { return columns_; }

   private:
    friend class DenseNetwork;
    Block block(Matrix& kept, Index rows) {
      return {kept.data(), rows, columns_, Eigen::OuterStride<>(kept.rows())};
    }

    Index columns_ = 0;
    std::vector<Index> rows_;
    // Rows are filled up to whole vector registers, and columns only grow.
    std::vector<Matrix> values_;     ///< the input, then every layer's output
    std::vector<Matrix> slopes_;     ///< of every layer's activation, where its output hides it
    std::vector<Matrix> gradients_;  ///< by `values_`, before the activation once pulled back
    std::vector<SparsityPattern> patterns_;  ///< by `values_`, empty where these are dense
    bool is_turned_ = false;                 ///< the input is in `turned_input_` only
    Matrix turned_input_;                    ///< [B x inputs]
  };

  /// Adds the blocks `<name>_weights_1` [outputs x inputs], `<name>_bias_1`, ... to `parameters`.
  /// @throws Error when a mask's shape is not its layer's.
  DenseNetwork(Parameters& parameters, const std::string& name, Index inputs,
               std::vector<DenseLayer> layers, RandomStream& stream);

  Index inputs() const { return inputs_; }
  Index outputs() const { return layers_.empty() ? inputs_ : layers_.back().outputs; }
  /// The block of a layer's bias, from 0: a decoder's begins at the logit of its data's means.
  BlockId<T> bias(std::size_t layer) const { return layers_[layer].bias; }
  BlockId<T> weights(std::size_t layer) const { return layers_[layer].weights; }

  void begin(Pass& pass, Index columns) const;
  void forward(Parameters& parameters, Pass& pass);
  /// The same of another input than `pass.input()`, [inputs x B], which may be released afterwards.
  void forward(Parameters& parameters, Pass& pass, const Eigen::Ref<const Matrix>& input);
  /// Of this pass' most recent `forward`, with the same parameters.
  /// @param phi  default constructed when only the input's gradient is wanted
  /// @param to_input  false: `input_gradient()` is not written, which saves a product
  void backward(Parameters& parameters, Pass& pass, GradientOut phi, bool to_input = true);

 private:
  struct Layer {
    Index inputs, outputs;
    Activation activation;
    T gain;
    BlockId<T> weights, bias;
    Matrix mask;         ///< [outputs x inputs]  rows filled up with zeros, or 0 x 0
    Matrix masked;       ///< W times mask
    Matrix tail;         ///< rows of W that do not fill a register, filled up [lanes x inputs]
    Vector padded_bias;  ///< [outputs]  filled up
  };

  /// Whether a layer's input is read in search of zeros.
  bool looks_for_zeros(std::size_t layer) const;
  /// `forward` of an input whose columns lie `step` apart.
  void forward(Parameters& parameters, Pass& pass, const T* input, Index step);
  /// Masks or fills up W as the products read it.
  void prepare(Parameters& parameters, Layer& layer) const;

  Index inputs_;
  std::vector<Layer> layers_;
};

extern template class DenseNetwork<float>;
extern template class DenseNetwork<double>;

}  // namespace elbow
