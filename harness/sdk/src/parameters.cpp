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

BlockId<double> Parameters::add(const std::string& name, Index rows, Index cols) {
  return append(blocks_, f64_, Scalar::f64, name, rows, cols);
}

BlockId<float> Parameters::add_f32(const std::string& name, Index rows, Index cols) {
  return append(blocks_, f32_, Scalar::f32, name, rows, cols);
}

}  // namespace elbow
