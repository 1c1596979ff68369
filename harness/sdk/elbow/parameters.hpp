#pragma once

#include <elbow/types.hpp>
#include <string>
#include <vector>

namespace elbow {

/// The place of one block inside `Parameters`; T is double or float.
template <class T>
struct BlockId {
  Index offset = 0, rows = 0, cols = 1;
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

/// A view of a gradient with the layout of some `Parameters`; pull-backs add to it. A default
/// constructed one means "not wanted": pull-backs then skip the work for the parameters.
class GradientOut {
 public:
  GradientOut() = default;
  GradientOut(double* f64, float* f32) : f64_(f64), f32_(f32), wanted_(true) {}

  explicit operator bool() const { return wanted_; }
  Parameters::Block<double> matrix(BlockId<double> id) const {
    return {f64_ + id.offset, id.rows, id.cols};
  }
  Parameters::Block<float> matrix(BlockId<float> id) const {
    return {f32_ + id.offset, id.rows, id.cols};
  }
  Parameters::Column<double> vector(BlockId<double> id) const {
    return {f64_ + id.offset, id.rows * id.cols};
  }
  Parameters::Column<float> vector(BlockId<float> id) const {
    return {f32_ + id.offset, id.rows * id.cols};
  }

 private:
  double* f64_ = nullptr;
  float* f32_ = nullptr;
  bool wanted_ = false;
};

/// Memory for a gradient of some `Parameters`.
class Gradient {
 public:
  Gradient() = default;
  explicit Gradient(const Parameters& of)
      : f64_(Eigen::VectorXd::Zero(of.f64().size())),
        f32_(Eigen::VectorXf::Zero(of.f32().size())) {}

  void set_zero() {
    f64_.setZero();
    f32_.setZero();
  }
  GradientOut out() { return {f64_.data(), f32_.data()}; }
  Eigen::Ref<Eigen::VectorXd> f64() { return f64_; }
  Eigen::Ref<Eigen::VectorXf> f32() { return f32_; }
  Eigen::Ref<const Eigen::VectorXd> f64() const { return f64_; }
  Eigen::Ref<const Eigen::VectorXf> f32() const { return f32_; }
  bool all_finite() const { return f64_.allFinite() && f32_.allFinite(); }
  /// Finite exactly where all numbers and the norm itself are.
  double squared_norm() const;

 private:
  Eigen::VectorXd f64_;
  Eigen::VectorXf f32_;
};

}  // namespace elbow
