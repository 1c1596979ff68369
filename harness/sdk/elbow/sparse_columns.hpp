#pragma once

#include <elbow/types.hpp>
#include <span>
#include <vector>

namespace elbow {

/// A number of a matrix that is not zero, and where in its column.
template <class T>
struct SparseEntry {
  int row;
  T value;
};

/// The numbers of a matrix that are not zero, by columns, in each by ascending rows.
template <class T>
class SparseColumns {
 public:
  /// Makes room, so that neither `read` nor `transpose` of such a matrix allocates.
  void reserve(Index rows, Index columns);
  /// Takes the numbers of `from` [rows x columns], which may lie `step` apart, unless so few are
  /// zero that leaving them out gains nothing. @return whether it did; it is empty otherwise
  bool read(const T* from, Index step, Index rows, Index columns);
  /// Becomes the transpose of `from`, which has this many rows.
  void transpose(const SparseColumns& from, Index rows);

  Index columns() const { return Index(ends_.size()); }
  std::span<const SparseEntry<T>> operator[](Index column) const {
    const std::size_t first = column > 0 ? ends_[std::size_t(column) - 1] : 0;
    return {entries_.data() + first, ends_[std::size_t(column)] - first};
  }

 private:
  std::vector<SparseEntry<T>> entries_;  ///< never shrinks
  std::vector<std::size_t> ends_;        ///< of every column's entries
};

extern template class SparseColumns<float>;
extern template class SparseColumns<double>;

}  // namespace elbow
