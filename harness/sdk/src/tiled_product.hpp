#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <elbow/types.hpp>
#include <utility>

/// Matrix products of blocks that stay where they are: left factors in rows of whole vector
/// registers, nothing packed, nothing allocated. Every element is summed in the order of its depth
/// by fused multiply-adds, wherever it lies, so that its bits do not depend on the other columns.
namespace elbow::tiles {

template <class T>
using Packet = typename Eigen::internal::packet_traits<T>::type;
template <class T>
inline constexpr Index lanes = Eigen::internal::unpacket_traits<Packet<T>>::size;

/// Rounded up to whole registers.
template <class T>
constexpr Index padded(Index rows) {
  return (rows + lanes<T> - 1) / lanes<T> * lanes<T>;
}

template <class T>
Packet<T> load(const T* from) {
  return Eigen::internal::ploadu<Packet<T>>(from);
}
template <class T>
Packet<T> broadcast(T value) {
  return Eigen::internal::pset1<Packet<T>>(value);
}
template <class T>
void store(T* to, const Packet<T>& packet) {
  Eigen::internal::pstoreu(to, packet);
}

// Accumulators fill most of the registers: 32 with AVX-512, 16 otherwise on x86.
inline constexpr int tile_panels = 3;
inline constexpr int tile_columns = EIGEN_MAX_ALIGN_BYTES >= 64 ? 8 : 4;

/// The left factor, column-major with `step` between its columns. `rows` may end inside a register
/// when these last rows are given filled up in `tail` [lanes x depth], or when the columns are.
template <class T>
struct Left {
  const T* data;
  Index step;
  const T* tail = nullptr;
};
/// The right factor; element (k, j) is at data[k * row_step + j * column_step].
template <class T>
struct Right {
  const T* data;
  Index row_step, column_step;
};

/// One tile of R registers' rows and N columns. @param[out] out  [R lanes x N]
template <class T, int R, int N>
void multiply_tile(const T* a, Index a_step, const T* b, Index row_step, Index column_step,
                   Index depth, T* out) {
  Packet<T> sum[N][R];
  for (int j = 0; j < N; ++j)
    for (int r = 0; r < R; ++r) sum[j][r] = broadcast<T>(0);
  for (Index k = 0; k < depth; ++k) {
    Packet<T> rows[R];
    for (int r = 0; r < R; ++r) rows[r] = load(a + r * lanes<T>);
    for (int j = 0; j < N; ++j) {
      const Packet<T> coefficient = broadcast(b[j * column_step]);
      for (int r = 0; r < R; ++r)
        sum[j][r] = Eigen::internal::pmadd(rows[r], coefficient, sum[j][r]);
    }
    a += a_step;
    b += row_step;
  }
  for (int j = 0; j < N; ++j)
    for (int r = 0; r < R; ++r) store(out + (j * R + r) * lanes<T>, sum[j][r]);
}

template <class T>
using MultiplyTile = void (*)(const T*, Index, const T*, Index, Index, Index, T*);

/// By registers of rows, then by columns, from 1.
template <class T>
inline constexpr auto multiply_functions = []<int... N>(std::integer_sequence<int, N...>) {
  constexpr auto row = []<int R>() {
    return std::array<MultiplyTile<T>, tile_columns>{&multiply_tile<T, R, N + 1>...};
  };
  return std::array{row.template operator()<1>(), row.template operator()<2>(),
                    row.template operator()<3>()};
}
(std::make_integer_sequence<int, tile_columns>());

/// Calls finish(tile, first row, registers of rows, first column, columns) for every tile of the
/// product; a tile is [registers * lanes x columns], its rows may reach beyond `rows`.
/// @param rows, depth, columns  of the product [rows x depth] * [depth x columns]
template <class T, class Finish>
void multiply(Index rows, Index depth, Index columns, Left<T> a, Right<T> b, Finish finish) {
  alignas(64) T tile[tile_panels * tile_columns * lanes<T>];
  const Index panels = padded<T>(rows) / lanes<T>;
  const Index whole = a.tail ? rows / lanes<T> : panels;
  // Column groups of nearly equal width.
  const Index groups = (columns + tile_columns - 1) / tile_columns;
  for (Index panel = 0; panel < panels;) {
    const bool tail = panel >= whole;
    const Index count = tail ? 1 : std::min<Index>(tile_panels, whole - panel);
    const T* left = tail ? a.tail : a.data + panel * lanes<T>;
    const Index step = tail ? lanes<T> : a.step;
    for (Index group = 0; group < groups; ++group) {
      const Index first = group * columns / groups;
      const Index width = (group + 1) * columns / groups - first;
      multiply_functions<T>[std::size_t(count - 1)][std::size_t(width - 1)](
          left, step, b.data + first * b.column_step, b.row_step, b.column_step, depth, tile);
      finish(tile, panel * lanes<T>, count, first, width);
    }
    panel += count;
  }
}

}  // namespace elbow::tiles
