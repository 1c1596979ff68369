#pragma once

#include <cstdint>
#include <elbow/types.hpp>
#include <span>
#include <utility>
#include <variant>
#include <vector>

namespace elbow {

/// A data set of any number of axes that the host has read from a file named by an option of type
/// `array`: images, say, with the axes (image, row, column). Items lie along the first axis.
struct Array {
  using Numbers = std::variant<std::vector<std::uint8_t>, std::vector<float>, std::vector<double>>;

  std::vector<Index> shape;  ///< one axis or more, none of them empty
  Numbers numbers;           ///< all finite, in C order: the last axis moves fastest

  Index item_count() const { return shape.front(); }
  /// Numbers of one item; 1 when there is one axis only.
  Index item_size() const;

  /// The least and the greatest number.
  std::pair<double, double> range() const;

  /// Copies items as they are, rounded to float32.
  /// @param      items  [B]              along the first axis
  /// @param[out] out    [item_size x B]  one item per column, its numbers in C order
  void gather(std::span<const Index> items, ContextOut out) const;
};

}  // namespace elbow
