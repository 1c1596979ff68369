#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <elbow/types.hpp>
#include <utility>

/// Matrix products of blocks that stay where they are: left factors in rows of whole vector
/// registers, nothing allocated. Every element is summed in the order of its depth by fused
/// multiply-adds, wherever it lies, so that its bits do not depend on the other columns.
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

// Accumulators fill most of the registers: 32 with AVX-512, 16 otherwise on x86. Rows of a tile in
// registers, and the most columns that it then has.
inline constexpr bool has_many_registers = EIGEN_MAX_ALIGN_BYTES >= 64;
inline constexpr int most_panels = 3;
inline constexpr int usual_panels = has_many_registers ? 3 : 2;
constexpr int tile_columns(int panels) {
  return has_many_registers ? (panels == 3 ? 8 : 12) : 12 / panels;
}
inline constexpr int most_columns = 12;
/// Registers of one column of a sparse product that are summed side by side.
inline constexpr int most_sparse_panels = 8;

// The part of the left factor that stays in the first cache while all columns pass by it, and the
// columns that stay in the second cache while all rows pass by them.
inline constexpr Index depth_block = 256;
inline constexpr Index column_block = 96;
// Large products of little depth write more than they compute.
inline constexpr Index little_depth = 32;
inline constexpr Index large_product = 65536;

/// The left factor, column-major with `step` between its columns. `rows` may end inside a register
/// when these last rows are given filled up in `tail` [lanes x depth], or when the columns are.
template <class T>
struct Left {
  const T* data;
  Index step;
  const T* tail = nullptr;
};
/// The right factor, column-major with `step` between its columns.
template <class T>
struct Right {
  const T* data;
  Index step;
};

/// What a sum begins with where it begins with nothing.
template <class T>
alignas(64) inline constexpr T zeros[most_sparse_panels * lanes<T>] = {};

/// Where a tile is summed up.
template <class T>
struct Target {
  T* data = nullptr;          ///< null: in a place of its own, from zero
  Index step = 0;             ///< between its columns
  const T* start = zeros<T>;  ///< what the sums begin with
  Index start_step = 0;       ///< between its columns
  double* squares = nullptr;  ///< the sums' squares are added to it, unless it is null
};

/// One tile of R registers' rows and N columns.
/// @tparam Pack  whether the left factor's rows are also copied to `packed` [R lanes x depth]
template <class T, int R, int N, bool Pack>
void multiply_tile(const T* a, Index a_step, T* packed, const T* b, Index b_step, Index depth,
                   const Target<T>& to) {
  Packet<T> sum[N][R];
  for (int j = 0; j < N; ++j)
    for (int r = 0; r < R; ++r) sum[j][r] = load(to.start + j * to.start_step + r * lanes<T>);
  // While a deep tile is summed up, its place comes near from the outer caches.
  constexpr Index deep = 64;
  for (int j = 0; depth >= deep && j < N; ++j) {
    __builtin_prefetch(to.data + j * to.step, 1);
    __builtin_prefetch(to.data + j * to.step + R * lanes<T> - 1, 1);
  }
  for (Index k = 0; k < depth; ++k) {
    Packet<T> rows[R];
    for (int r = 0; r < R; ++r) rows[r] = load(a + r * lanes<T>);
    if constexpr (Pack) {
      // Rows that lie far apart come from the outer caches.
      constexpr Index ahead = 24;
      __builtin_prefetch(a + ahead * a_step);
      __builtin_prefetch(a + ahead * a_step + R * lanes<T> - 1);
      for (int r = 0; r < R; ++r) store(packed + r * lanes<T>, rows[r]);
      packed += R * lanes<T>;
    }
    for (int j = 0; j < N; ++j) {
      const Packet<T> coefficient = broadcast(b[k + j * b_step]);
      for (int r = 0; r < R; ++r)
        sum[j][r] = Eigen::internal::pmadd(rows[r], coefficient, sum[j][r]);
    }
    a += a_step;
  }
  for (int j = 0; j < N; ++j)
    for (int r = 0; r < R; ++r) store(to.data + j * to.step + r * lanes<T>, sum[j][r]);
  if (!to.squares) return;
  Packet<T> squares[R];
  for (int r = 0; r < R; ++r) squares[r] = Eigen::internal::pmul(sum[0][r], sum[0][r]);
  for (int j = 1; j < N; ++j)
    for (int r = 0; r < R; ++r)
      squares[r] = Eigen::internal::pmadd(sum[j][r], sum[j][r], squares[r]);
  for (int r = 1; r < R; ++r) squares[0] = Eigen::internal::padd(squares[0], squares[r]);
  *to.squares += double(Eigen::internal::predux(squares[0]));
}

template <class T>
using MultiplyTile = void (*)(const T*, Index, T*, const T*, Index, Index, const Target<T>&);

template <class T, int R, bool Pack>
constexpr auto multiply_functions_of_rows() {
  std::array<MultiplyTile<T>, most_columns> functions{};
  [&]<int... N>(std::integer_sequence<int, N...>) {
    ((functions[N] = &multiply_tile<T, R, N + 1, Pack>), ...);
  }
  (std::make_integer_sequence<int, tile_columns(R)>());
  return functions;
}

/// By registers of rows, then by columns, from 1.
template <class T, bool Pack>
inline constexpr std::array multiply_functions{multiply_functions_of_rows<T, 1, Pack>(),
                                               multiply_functions_of_rows<T, 2, Pack>(),
                                               multiply_functions_of_rows<T, 3, Pack>()};

/// Registers of rows of a left factor.
template <class T>
struct Panels {
  Index count;
  const T* data;
  Index step;  ///< between its columns
};
/// The next ones of a's `rows`, from `panel`: all that are left where these are no more than
/// `most`, `usual` ones otherwise; those that are filled up come last and alone.
template <class T>
Panels<T> next_panels(const Left<T>& a, Index rows, Index panel, Index most, Index usual) {
  const Index left = (a.tail ? rows : padded<T>(rows)) / lanes<T> - panel;
  if (left == 0) return {1, a.tail, lanes<T>};
  return {left <= most ? left : usual, a.data + panel * lanes<T>, a.step};
}

/// `multiply` from a column's first row to its last, as the caches fetch ahead.
template <class T, class Finish, class Place>
void multiply_down_columns(Index rows, Index depth, Index columns, Left<T> a, Right<T> b,
                           Finish finish, Place place) {
  constexpr Index widest = tile_columns(usual_panels);
  alignas(64) T sums[usual_panels * lanes<T> * widest];
  const Index panels = padded<T>(rows) / lanes<T>;
  const Index groups = (columns + widest - 1) / widest;
  for (Index group = 0; group < groups; ++group) {
    const Index first = group * columns / groups;
    const Index width = (group + 1) * columns / groups - first;
    for (Index panel = 0, count; panel < panels; panel += count) {
      const Panels<T> left = next_panels(a, rows, panel, usual_panels, usual_panels);
      count = left.count;
      Target<T> target = place(panel * lanes<T>, count, first, width);
      const bool is_own = target.data == nullptr;
      if (is_own) target.data = sums, target.step = count * lanes<T>;
      multiply_functions<T, false>[std::size_t(count - 1)][std::size_t(width - 1)](
          left.data, left.step, nullptr, b.data + first * b.step, b.step, depth, target);
      if (is_own) finish(sums, panel * lanes<T>, count, first, width);
    }
  }
}

/// Calls finish(tile, first row, registers of rows, first column, columns) for every tile of the
/// product that has a place of its own; a tile is [registers * lanes x columns], its rows may reach
/// beyond `rows`.
/// @param rows, depth, columns  of the product [rows x depth] * [depth x columns]
/// @param place  called with the same numbers before, says where a tile is summed up
template <class T, class Finish, class Place>
void multiply(Index rows, Index depth, Index columns, Left<T> a, Right<T> b, Finish finish,
              Place place) {
  if (depth <= little_depth && rows * columns >= large_product)
    return multiply_down_columns<T>(rows, depth, columns, a, b, finish, place);
  alignas(64) T packed[most_panels * lanes<T> * depth_block];
  alignas(64) T sums[most_panels * lanes<T> * column_block];
  const Index panels = padded<T>(rows) / lanes<T>;
  for (Index from = 0; from < columns; from += column_block) {
    const Index block = std::min(column_block, columns - from);
    for (Index panel = 0, count; panel < panels; panel += count) {
      const Panels<T> left = next_panels(a, rows, panel, most_panels, usual_panels);
      count = left.count;
      // Column groups of nearly equal width.
      const Index widest = tile_columns(int(count));
      const Index groups = (block + widest - 1) / widest;
      for (Index k = 0; k == 0 || k < depth; k += depth_block) {
        const Index deep = std::min(depth_block, depth - k);
        for (Index group = 0; group < groups; ++group) {
          const Index first = group * block / groups;
          const Index width = (group + 1) * block / groups - first;
          Target<T> target = place(panel * lanes<T>, count, from + first, width);
          const bool is_own = target.data == nullptr;
          if (is_own) target.data = sums + first * count * lanes<T>, target.step = count * lanes<T>;
          if (k > 0) target.start = target.data, target.start_step = target.step;
          if (k + depth_block < depth) target.squares = nullptr;
          const bool pack = group == 0 && groups > 1, is_packed = group > 0;
          const auto& functions = pack ? multiply_functions<T, true> : multiply_functions<T, false>;
          functions[std::size_t(count - 1)][std::size_t(width - 1)](
              is_packed ? packed : left.data + k * left.step,
              is_packed ? count * lanes<T> : left.step, packed,
              b.data + (from + first) * b.step + k, b.step, deep, target);
          if (is_own && k + depth_block >= depth)
            finish(target.data, panel * lanes<T>, count, from + first, width);
        }
      }
    }
  }
}

}  // namespace elbow::tiles
