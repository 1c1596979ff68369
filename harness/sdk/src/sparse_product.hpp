#pragma once

#include <bit>
#include <elbow/sparsity_pattern.hpp>

#include "tiled_product.hpp"

/// Products with a factor of many zeros, as binarised images have and units that ReLU sets to zero.
/// What a zero would add to a finite sum is left out.
namespace elbow::tiles {

/// Columns of as many registers' rows as R has numbers, which are 0, 1, ...
/// @param bits  of every column, of the numbers of b that are not zero
template <class T, int... R>
void multiply_sparse_columns(std::integer_sequence<int, R...>, const Right<T>& a, const Right<T>& b,
                             std::span<const std::uint64_t> bits, const Target<T>& to) {
  Packet<T> squares = broadcast(T(0));
  const T* from = b.data;
  const T* start = to.start;
  T* place = to.data;
  for (std::uint64_t left : bits) {
    // Written out, since a loop over registers would keep them in memory.
    Packet<T> sum[] = {load(start + R * lanes<T>)...};
    for (; left != 0; left &= left - 1) {
      const Index k = std::countr_zero(left);
      const T* const rows = a.data + k * a.step;
      const Packet<T> coefficient = broadcast(from[k]);
      ((sum[R] = Eigen::internal::pmadd(load(rows + R * lanes<T>), coefficient, sum[R])), ...);
    }
    (store(place + R * lanes<T>, sum[R]), ...);
    if (to.squares) ((squares = Eigen::internal::pmadd(sum[R], sum[R], squares)), ...);
    from += b.step, start += to.start_step, place += to.step;
  }
  if (to.squares) *to.squares += double(Eigen::internal::predux(squares));
}

template <class T>
using MultiplySparseColumns = void (*)(const Right<T>&, const Right<T>&,
                                       std::span<const std::uint64_t>, const Target<T>&);
/// By registers of rows, from 1.
template <class T>
inline constexpr auto multiply_sparse_functions = []<int... R>(std::integer_sequence<int, R...>) {
  return std::array<MultiplySparseColumns<T>, most_sparse_panels>{
      [](const Right<T>& a, const Right<T>& b, std::span<const std::uint64_t> bits,
         const Target<T>& to) {
        multiply_sparse_columns<T>(std::make_integer_sequence<int, R + 1>(), a, b, bits, to);
      }...};
}
(std::make_integer_sequence<int, most_sparse_panels>());

/// A block [rows x columns] where it lies, or copied to `room` where its columns lie a multiple of
/// `crowding` bytes apart, so that they would share a few of the first cache's sets.
/// @param rows  in whole registers
template <class T>
Right<T> cached_block(Right<T> block, Index rows, Index columns, T* room) {
  constexpr std::size_t crowding = 512;
  if (std::size_t(block.step) * sizeof(T) % crowding != 0) return block;
  for (Index k = 0; k < columns; ++k)
    for (Index r = 0; r < rows; r += lanes<T>)
      store(room + r + k * rows, load(block.data + r + k * block.step));
  return {room, rows};
}

/// As `multiply` of a dense right factor, bit by bit where the left one is finite; the tiles have
/// more columns. An empty pattern is that of a dense factor.
template <class T, class Finish, class Place>
void multiply(Index rows, Index depth, Index columns, Left<T> a, Right<T> b,
              const SparsityPattern& pattern, Finish finish, Place place) {
  if (pattern.empty()) return multiply<T>(rows, depth, columns, a, b, finish, place);
  constexpr Index deep = SparsityPattern::block_rows, most = 256;
  alignas(64) T room[most_sparse_panels * lanes<T> * deep];
  alignas(64) T sums[most_sparse_panels * lanes<T> * most];
  const Index panels = padded<T>(rows) / lanes<T>;
  const Index whole = a.tail ? rows / lanes<T> : panels;
  for (Index from = 0; from < columns; from += most) {
    const Index width = std::min(most, columns - from);
    for (Index panel = 0, count; panel < panels; panel += count) {
      // Groups of nearly equal height: a low one does not fill the arithmetic's pipeline.
      const Index groups = (whole - panel + most_sparse_panels - 1) / most_sparse_panels;
      const Index usual = (whole - panel) / std::max<Index>(groups, 1);
      const Panels<T> left = next_panels(a, rows, panel, usual, usual);
      count = left.count;
      Target<T> target = place(panel * lanes<T>, count, from, width);
      const bool is_own = target.data == nullptr;
      if (is_own) target.data = sums, target.step = count * lanes<T>;
      double* const squares = std::exchange(target.squares, nullptr);
      for (Index first = 0; first < depth; first += deep) {
        if (first > 0) target.start = target.data, target.start_step = target.step;
        if (first + deep >= depth) target.squares = squares;
        multiply_sparse_functions<T>[std::size_t(count - 1)](
            cached_block<T>({left.data + first * left.step, left.step}, count * lanes<T>,
                            std::min(deep, depth - first), room),
            {b.data + first + from * b.step, b.step}, pattern.bits(first / deep, from, width),
            target);
      }
      if (is_own) finish(sums, panel * lanes<T>, count, from, width);
    }
  }
}

// The attributes that GCC leaves out of a template argument say of __m512 that it may alias.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wignored-attributes"

/// The dot products of as many columns as J has numbers, which are 0, 1, ..., with one other, added
/// to `sums`.
template <class T, int... J>
void multiply_chosen_columns(std::integer_sequence<int, J...>, const T* const* columns, const T* b,
                             Index depth, T* sums) {
  const T* const chosen[] = {columns[J]...};
  Eigen::internal::PacketBlock<Packet<T>, sizeof...(J)> sum{{((void)J, broadcast(T(0)))...}};
  for (Index i = 0; i < depth; i += lanes<T>) {
    const Packet<T> rows = load(b + i);
    ((sum.packet[J] = Eigen::internal::pmadd(load(chosen[J] + i), rows, sum.packet[J])), ...);
  }
  if constexpr (sizeof...(J) == std::size_t(lanes<T>)) {
    Eigen::internal::ptranspose(sum);
    for (int j = 1; j < lanes<T>; ++j)
      sum.packet[0] = Eigen::internal::padd(sum.packet[0], sum.packet[j]);
    store(sums, Eigen::internal::padd(load(sums), sum.packet[0]));
  } else {
    ((sums[J] += Eigen::internal::predux(sum.packet[J])), ...);
  }
}

#pragma GCC diagnostic pop

template <class T>
using MultiplyChosenColumns = void (*)(const T* const*, const T*, Index, T*);
/// By the count of columns, from 1.
template <class T>
inline constexpr auto multiply_chosen_functions = []<int... N>(std::integer_sequence<int, N...>) {
  return std::array<MultiplyChosenColumns<T>, sizeof...(N)>{[](const T* const* columns, const T* b,
                                                               Index depth, T* sums) {
    multiply_chosen_columns<T>(std::make_integer_sequence<int, N + 1>(), columns, b, depth, sums);
  }...};
}
(std::make_integer_sequence<int, most_sparse_panels>());

/// The numbers of a^T b [columns x pattern's columns] at the places of a pattern; the others are
/// zeros. Sums are in another order than those of `multiply`: in lanes, then over the lanes.
/// @param      depth     rows of a and b, whole registers
/// @param      products  [pattern.count()]  memory for use
/// @param[out] to        `to_step` between columns
template <class T>
void multiply_at(const SparsityPattern& pattern, Index columns, Index depth, Right<T> a, Right<T> b,
                 T* products, T* to, Index to_step) {
  constexpr Index wide = SparsityPattern::block_rows;
  // Rows of a block of a that stay in the first cache.
  constexpr Index height = 14 * lanes<T>;
  alignas(64) T room[height * wide];
  std::fill_n(products, pattern.count(), T(0));
  for (Index first = 0; first < columns; first += wide) {
    const Index width = std::min(wide, columns - first);
    for (Index row = 0; row < depth; row += height) {
      const Index rows = std::min(height, depth - row);
      const Right<T> block =
          cached_block<T>({a.data + row + first * a.step, a.step}, rows, width, room);
      T* sums = products;
      for (Index j = 0; j < pattern.columns(); ++j)
        for (std::uint64_t bits = pattern(first / wide, j); bits != 0;) {
          const T* chosen[most_sparse_panels];
          Index count = 0;
          for (; bits != 0 && count < most_sparse_panels; bits &= bits - 1)
            chosen[count++] = block.data + std::countr_zero(bits) * block.step;
          multiply_chosen_functions<T>[std::size_t(count - 1)](chosen, b.data + row + j * b.step,
                                                               rows, sums);
          sums += count;
        }
    }
    for (Index j = 0; j < pattern.columns(); ++j) {
      T* const block_of_to = to + first + j * to_step;
      std::fill_n(block_of_to, width, T(0));
      for (std::uint64_t bits = pattern(first / wide, j); bits != 0; bits &= bits - 1)
        block_of_to[std::countr_zero(bits)] = *products++;
    }
  }
}

}  // namespace elbow::tiles
