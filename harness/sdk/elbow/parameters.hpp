#pragma once

#include <algorithm>
#include <cmath>
#include <elbow/types.hpp>
#include <string>
#include <utility>
#include <vector>

namespace elbow {

/// The place of one block inside `Parameters`; T is double or float.
template <class T>
struct BlockId {
  Index offset = 0, rows = 0, cols = 1;
  std::size_t number = 0;  ///< of the block, as `Parameters::blocks` counts
};

enum class Scalar { f64, f32 };

/// What `Parameters` says of one of its blocks.
struct BlockInfo {
  std::string name;
  Scalar scalar;
  Index offset, rows, cols;
};

/// Named blocks of trainable numbers: the phi of a family or the theta of a model. Blocks of one
/// scalar type lie behind each other in one vector, so that an optimizer sees at most two arrays.
/// Statistics belong in float64, neural nets in float32.
///
/// Blocks are added by the owner's constructor and never afterwards; handles stay valid for life.
class Parameters {
 public:
  template <class T>
  using Block = Eigen::Map<Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>>;
  template <class T>
  using Column = Eigen::Map<Eigen::Matrix<T, Eigen::Dynamic, 1>>;

  /// Adds a block of zeros. @throws Error if the name is taken.
  BlockId<double> add(const std::string& name, Index rows, Index cols = 1);
  BlockId<float> add_f32(const std::string& name, Index rows, Index cols = 1);

  Block<double> matrix(BlockId<double> id) { return {f64_.data() + id.offset, id.rows, id.cols}; }
  Block<float> matrix(BlockId<float> id) { return {f32_.data() + id.offset, id.rows, id.cols}; }
  /// The block's numbers as one column of rows * cols.
  Column<double> vector(BlockId<double> id) { return {f64_.data() + id.offset, id.rows * id.cols}; }
  Column<float> vector(BlockId<float> id) { return {f32_.data() + id.offset, id.rows * id.cols}; }

  /// All numbers of one type. Sizes are fixed once the owner is constructed.
  Eigen::Ref<Eigen::VectorXd> f64() { return f64_; }
  Eigen::Ref<Eigen::VectorXf> f32() { return f32_; }
  Eigen::Ref<const Eigen::VectorXd> f64() const { return f64_; }
  Eigen::Ref<const Eigen::VectorXf> f32() const { return f32_; }
  Index size() const { return f64_.size() + f32_.size(); }
  bool all_finite() const { return f64_.allFinite() && f32_.allFinite(); }

  const std::vector<BlockInfo>& blocks() const { return blocks_; }

 private:
  std::vector<BlockInfo> blocks_;
  Eigen::VectorXd f64_;
  Eigen::VectorXf f32_;
};

/// A block of float32 numbers in a `Gradient`.
struct GradientBlock {
  Index offset, size;
  bool unwritten = false;    ///< it is zero, and its memory says something else
  double squared_norm = -1;  ///< where its writer has told it; negative otherwise
};

/// A view of a gradient with the layout of some `Parameters`; pull-backs add to it. A default
/// constructed one means "not wanted": pull-backs then skip the work for the parameters.
class GradientOut {
 public:
  GradientOut() = default;

  explicit operator bool() const { return wanted_; }
  Parameters::Block<double> matrix(BlockId<double> id) const {
    return {f64_ + id.offset, id.rows, id.cols};
  }
  Parameters::Block<float> matrix(BlockId<float> id) const {
    return {settled(id), id.rows, id.cols};
  }
  Parameters::Column<double> vector(BlockId<double> id) const {
    return {f64_ + id.offset, id.rows * id.cols};
  }
  Parameters::Column<float> vector(BlockId<float> id) const {
    return {settled(id), id.rows * id.cols};
  }

  /// Whether nothing has been added to a block yet. Where it is true the caller writes every number
  /// of the block to the memory of `matrix` before anyone reads it: large blocks are then neither
  /// zeroed nor read.
  bool claim(BlockId<float> id) const { return std::exchange(blocks_[id.number].unwritten, false); }
  bool claim(BlockId<double>) const { return false; }
  /// What the caller has summed up while it wrote a claimed block, so that nobody reads the block
  /// for it; until the block is looked at again. Not finite: unknown.
  void tell_squared_norm(BlockId<float> id, double squared_norm) const {
    blocks_[id.number].squared_norm = std::isfinite(squared_norm) ? squared_norm : -1;
  }
  void tell_squared_norm(BlockId<double>, double) const {}

 private:
  friend class Gradient;
  GradientOut(double* f64, float* f32, GradientBlock* blocks)
      : f64_(f64), f32_(f32), blocks_(blocks), wanted_(true) {}

  float* settled(BlockId<float> id) const {
    float* const block = f32_ + id.offset;
    if (claim(id)) std::fill_n(block, id.rows * id.cols, 0.f);
    blocks_[id.number].squared_norm = -1;
    return block;
  }

  double* f64_ = nullptr;
  float* f32_ = nullptr;
  GradientBlock* blocks_ = nullptr;  ///< by `BlockId::number`
  bool wanted_ = false;
};

/// Memory for a gradient of some `Parameters`, zero at first. Views stay valid for life.
class Gradient {
 public:
  Gradient() = default;
  explicit Gradient(const Parameters& of);

  /// Blocks of float32 are zeroed when they are first looked at (`GradientOut::claim`).
  void set_zero();
  GradientOut out() { return {f64_.data(), f32_.data(), blocks_.data()}; }
  Eigen::Ref<Eigen::VectorXd> f64() { return f64_; }
  Eigen::Ref<Eigen::VectorXf> f32();
  Eigen::Ref<const Eigen::VectorXd> f64() const { return f64_; }
  Eigen::Ref<const Eigen::VectorXf> f32() const { return settled(); }
  bool all_finite() const { return f64_.allFinite() && settled().allFinite(); }
  /// Finite exactly where all numbers and the norm itself are.
  double squared_norm() const;

 private:
  Eigen::VectorXf& settled() const;

  Eigen::VectorXd f64_;
  // What is still to be zeroed is no part of the value.
  mutable Eigen::VectorXf f32_;
  mutable std::vector<GradientBlock> blocks_;  ///< by `BlockId::number`; empty ones for float64
};

}  // namespace elbow
