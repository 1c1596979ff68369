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
  const BlockId<T> id{values.size(), rows, cols};
  values.conservativeResize(id.offset + rows * cols);
  values.tail(rows * cols).setZero();
  blocks.push_back({name, scalar, id.offset, rows, cols});
  return id;
}

}  // namespace

double Gradient::squared_norm() const {
  // Short runs are summed in single precision, several times faster and with an error of few
  // roundings, unless they overflow there.
  constexpr Index run = 256;
  double sum = f64_.squaredNorm();
  for (Index first = 0; first < f32_.size(); first += run) {
    const auto part = f32_.segment(first, std::min(run, f32_.size() - first));
    const float of_run = part.squaredNorm();
    sum += std::isfinite(of_run) ? double(of_run) : part.cast<double>().squaredNorm();
  }
  return sum;
}

BlockId<double> Parameters::add(const std::string& name, Index rows, Index cols) {
  return append(blocks_, f64_, Scalar::f64, name, rows, cols);
}

BlockId<float> Parameters::add_f32(const std::string& name, Index rows, Index cols) {
  return append(blocks_, f32_, Scalar::f32, name, rows, cols);
}

}  // namespace elbow
