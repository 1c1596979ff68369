#pragma once

#include <cstdint>
#include <elbow/types.hpp>
#include <span>
#include <vector>

namespace elbow {

/// Where a matrix has numbers that are not zero (a NaN is one), by blocks of its rows, a bit each.
class SparsityPattern {
 public:
  static constexpr Index block_rows = 64;

  /// Makes room, so that `read` of such a matrix does not allocate.
  void reserve(Index rows, Index columns);
  /// Of `numbers` [rows x columns], whose columns lie `step` apart.
  /// @return whether so many are zero that a product gains by leaving them out; the pattern is
  /// empty otherwise
  template <class T>
  bool read(const T* numbers, Index step, Index rows, Index columns);

  bool empty() const { return bits_.empty(); }
  Index columns() const { return columns_; }
  /// Bit i is that of row block * block_rows + i.
  std::uint64_t operator()(Index block, Index column) const {
    return bits_[std::size_t(block * columns_ + column)];
  }
  /// Those of `width` columns.
  std::span<const std::uint64_t> bits(Index block, Index first, Index width) const {
    return {bits_.data() + block * columns_ + first, std::size_t(width)};
  }
  /// Numbers that are not zero.
  Index count() const { return count_; }

 private:
  Index columns_ = 0, count_ = 0;
  std::vector<std::uint64_t> bits_;  ///< [columns x blocks]
};

extern template bool SparsityPattern::read(const float*, Index, Index, Index);
extern template bool SparsityPattern::read(const double*, Index, Index, Index);

}  // namespace elbow
