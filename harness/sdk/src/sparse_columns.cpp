#include <algorithm>
#include <elbow/sparse_columns.hpp>

namespace elbow {
namespace {

/// The share of numbers that are not zero up to which a product that leaves out the zeros is
/// faster: it loads a register for every multiply-add, from the second cache.
constexpr double densest = 0.25;

std::size_t most_entries(Index rows, Index columns) {
  return std::size_t(densest * double(rows * columns));
}

}  // namespace

template <class T>
void SparseColumns<T>::reserve(Index rows, Index columns) {
  // A column may be full before it is seen that there are too many.
  const std::size_t most = most_entries(rows, columns) + std::size_t(rows);
  if (entries_.size() < most) entries_.resize(most);
  ends_.reserve(std::size_t(std::max(rows, columns)));
}

template <class T>
bool SparseColumns<T>::read(const T* from, Index step, Index rows, Index columns) {
  reserve(rows, columns);
  ends_.clear();
  const std::size_t most = most_entries(rows, columns);
  SparseEntry<T>* const entries = entries_.data();
  std::size_t count = 0;
  // A few columns may be dense among sparse ones; more of them end the reading early.
  const auto is_sparse_so_far = [&](Index j) {
    return count <= std::min(most, most_entries(rows, j) + 4 * std::size_t(rows));
  };
  for (Index j = 0; j < columns && is_sparse_so_far(j); ++j) {
    const T* const column = from + j * step;
    for (Index i = 0; i < rows; ++i) {
      // Without a branch, which would be mispredicted at every other edge of a stroke.
      entries[count] = {int(i), column[i]};
      count += column[i] != 0;
    }
    ends_.push_back(count);
  }
  if (Index(ends_.size()) < columns || count > most) ends_.clear();
  return !ends_.empty();
}

template <class T>
void SparseColumns<T>::transpose(const SparseColumns& from, Index rows) {
  reserve(rows, from.columns());
  ends_.assign(std::size_t(rows), 0);
  for (Index j = 0; j < from.columns(); ++j)
    for (const SparseEntry<T>& entry : from[j]) ++ends_[std::size_t(entry.row)];
  std::size_t before = 0;
  for (std::size_t& end : ends_) {
    const std::size_t count = end;
    end = before;
    before += count;
  }
  for (Index j = 0; j < from.columns(); ++j)
    for (const SparseEntry<T>& entry : from[j])
      entries_[ends_[std::size_t(entry.row)]++] = {int(j), entry.value};
}

template class SparseColumns<float>;
template class SparseColumns<double>;

}  // namespace elbow
