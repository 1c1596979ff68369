#pragma once

#include <elbow/sparse_columns.hpp>

#include "tiled_product.hpp"

/// Products whose right factor is mostly zeros, as binarised images are. What a zero would add is
/// left out; every bit is that of `multiply` with the zeros (and a finite left factor).
namespace elbow::tiles {

/// One column of as many registers' rows as R has numbers, which are 0, 1, ...
template <class T, int... R>
void multiply_sparse_column(std::integer_sequence<int, R...>, const T* a, Index a_step,
                            std::span<const SparseEntry<T>> b, const Target<T>& to) {
  // Written out, since a loop over registers would keep them in memory.
  Packet<T> sum[] = {load(to.start + R * lanes<T>)...};
  for (const SparseEntry<T>& entry : b) {
    const T* const rows = a + entry.row * a_step;
    const Packet<T> coefficient = broadcast(entry.value);
    ((sum[R] = Eigen::internal::pmadd(load(rows + R * lanes<T>), coefficient, sum[R])), ...);
  }
  (store(to.data + R * lanes<T>, sum[R]), ...);
  if (!to.squares) return;
  Packet<T> squares = broadcast(T(0));
  ((squares = Eigen::internal::pmadd(sum[R], sum[R], squares)), ...);
  *to.squares += double(Eigen::internal::predux(squares));
}

/// By registers of rows, from 1.
template <class T>
using MultiplySparseColumn = void (*)(const T*, Index, std::span<const SparseEntry<T>>,
                                      const Target<T>&);
template <class T>
inline constexpr auto multiply_sparse_functions = []<int... R>(std::integer_sequence<int, R...>) {
  return std::array<MultiplySparseColumn<T>, most_sparse_panels>{
      [](const T* a, Index a_step, std::span<const SparseEntry<T>> b, const Target<T>& to) {
        multiply_sparse_column<T>(std::make_integer_sequence<int, R + 1>(), a, a_step, b, to);
      }...};
}
(std::make_integer_sequence<int, most_sparse_panels>());

/// As `multiply` of a dense right factor; the tiles have one column.
template <class T, class Finish, class Place>
void multiply(Index rows, Index columns, Left<T> a, const SparseColumns<T>& b, Finish finish,
              Place place) {
  alignas(64) T sums[most_sparse_panels * lanes<T>];
  const Index panels = padded<T>(rows) / lanes<T>;
  for (Index panel = 0, count; panel < panels; panel += count) {
    const Panels<T> left = next_panels(a, rows, panel, most_sparse_panels, most_sparse_panels);
    count = left.count;
    for (Index column = 0; column < columns; ++column) {
      Target<T> target = place(panel * lanes<T>, count, column, 1);
      const bool is_own = target.data == nullptr;
      if (is_own) target.data = sums;
      multiply_sparse_functions<T>[std::size_t(count - 1)](left.data, left.step, b[column], target);
      if (is_own) finish(sums, panel * lanes<T>, count, column, 1);
    }
  }
}

}  // namespace elbow::tiles
