#include <algorithm>
#include <cmath>
#include <elbow/error.hpp>
#include <elbow/parameters.hpp>

namespace elbow {
namespace {

template <class T>
BlockId<T> append(std::vector<BlockInfo>& blocks, Eigen::Matrix<T, Eigen::Dynamic, 1>& values,
                  Scalar scalar, const std::string& name, Index rows, Index cols) {
  for (const BlockInfo& block : blocks)
    if (block.name == name) throw Error("parameter block \"" + name + "\" is declared twice");
  const BlockId<T> id{values.size(), rows, cols, blocks.size()};
  values.conservativeResize(id.offset + rows * cols);
  values.tail(rows * cols).setZero();
  blocks.push_back({name, scalar, id.offset, rows, cols});
  return id;
}

double sum_of_squares(Eigen::Ref<const Eigen::VectorXf> numbers) {
  // Short runs are summed in single precision, several times faster and with an error of few
  // roundings, unless they overflow there.
  constexpr Index run = 1024, at_once = 64;
  double sum = 0;
  for (Index first = 0; first < numbers.size(); first += run) {
    const auto part = numbers.segment(first, std::min(run, numbers.size() - first));
    // Sums side by side, so that none waits for the one before.
    Eigen::Array<float, at_once, 1> sums = Eigen::Array<float, at_once, 1>::Zero();
    Index i = 0;
    for (; i + at_once <= part.size(); i += at_once)
      sums += part.segment<at_once>(i).array().square();
    const float of_run = sums.sum() + part.tail(part.size() - i).squaredNorm();
    sum += std::isfinite(of_run) ? double(of_run) : part.cast<double>().squaredNorm();
  }
  return sum;
}

}  // namespace

Gradient::Gradient(const Parameters& of)
    : f64_(Eigen::VectorXd::Zero(of.f64().size())), f32_(Eigen::VectorXf::Zero(of.f32().size())) {
  for (const BlockInfo& block : of.blocks())
    blocks_.push_back({block.offset, block.scalar == Scalar::f32 ? block.rows * block.cols : 0});
}

void Gradient::set_zero() {
  f64_.setZero();
  for (GradientBlock& block : blocks_) block = {block.offset, block.size, block.size > 0};
}

Eigen::Ref<Eigen::VectorXf> Gradient::f32() {
  for (GradientBlock& block : blocks_) block.squared_norm = -1;
  return settled();
}

Eigen::VectorXf& Gradient::settled() const {
  for (GradientBlock& block : blocks_)
    if (std::exchange(block.unwritten, false)) f32_.segment(block.offset, block.size).setZero();
  return f32_;
}

double Gradient::squared_norm() const {
  const Eigen::VectorXf& numbers = settled();
  double sum = f64_.squaredNorm();
  for (const GradientBlock& block : blocks_)
    if (block.size > 0)
      sum += block.squared_norm >= 0 ? block.squared_norm
                                     : sum_of_squares(numbers.segment(block.offset, block.size));
  return sum;
}

BlockId<double> Parameters::add(const std::string& name, Index rows, Index cols) {
  return append(blocks_, f64_, Scalar::f64, name, rows, cols);
}

BlockId<float> Parameters::add_f32(const std::string& name, Index rows, Index cols) {
  return append(blocks_, f32_, Scalar::f32, name, rows, cols);
}

}  // namespace elbow
