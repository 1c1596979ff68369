#include <algorithm>
#include <elbow/array.hpp>

namespace elbow {

Index Array::item_size() const {
  Index size = 1;
  for (std::size_t axis = 1; axis < shape.size(); ++axis) size *= shape[axis];
  return size;
}

std::pair<double, double> Array::range() const {
  return std::visit(
      [](const auto& all) -> std::pair<double, double> {
        const auto [least, greatest] = std::minmax_element(all.begin(), all.end());
        return {double(*least), double(*greatest)};
      },
      numbers);
}

void Array::gather(std::span<const Index> items, ContextOut out) const {
  const Index size = item_size();
  std::visit(
      [&](const auto& all) {
        for (std::size_t b = 0; b < items.size(); ++b) {
          const auto* const from = all.data() + items[b] * size;
          float* const to = &out(0, Index(b));
          for (Index i = 0; i < size; ++i) to[i] = float(from[i]);
        }
      },
      numbers);
}

}  // namespace elbow
