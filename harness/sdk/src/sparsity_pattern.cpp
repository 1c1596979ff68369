#include <elbow/sparsity_pattern.hpp>
#if defined __AVX2__
#include <immintrin.h>
#endif

#include <algorithm>
#include <bit>

namespace elbow {
namespace {

/// The share of numbers that are not zero up to which a product that leaves out the zeros is
/// faster: it loads a register for every multiply-add.
constexpr double densest = 0.6;

constexpr Index block_rows = SparsityPattern::block_rows;

Index blocks_of(Index rows) { return (rows + block_rows - 1) / block_rows; }

template <class T>
unsigned bits_of_eight(const T* numbers) {
  unsigned bits = 0;
  for (unsigned i = 0; i < 8; ++i) bits |= unsigned(numbers[i] != 0) << i;
  return bits;
}
#if defined __AVX2__
unsigned bits_of_eight(const float* numbers) {
  const __m256 eight = _mm256_loadu_ps(numbers);
  return unsigned(_mm256_movemask_ps(_mm256_cmp_ps(eight, _mm256_setzero_ps(), _CMP_NEQ_UQ)));
}
#endif

template <class T>
std::uint64_t bits_of(const T* numbers, Index count) {
  std::uint64_t bits = 0;
  Index i = 0;
  for (; i + 8 <= count; i += 8) bits |= std::uint64_t(bits_of_eight(numbers + i)) << i;
  for (; i < count; ++i) bits |= std::uint64_t(numbers[i] != 0) << i;
  return bits;
}

}  // namespace

void SparsityPattern::reserve(Index rows, Index columns) {
  bits_.reserve(std::size_t(blocks_of(rows) * columns));
}

template <class T>
bool SparsityPattern::read(const T* numbers, Index step, Index rows, Index columns) {
  columns_ = columns;
  count_ = 0;
  bits_.resize(std::size_t(blocks_of(rows) * columns));
  std::uint64_t* bits = bits_.data();
  for (Index first = 0; first < rows; first += block_rows)
    for (Index j = 0; j < columns; ++j, ++bits) {
      *bits = bits_of(numbers + first + j * step, std::min(block_rows, rows - first));
      count_ += std::popcount(*bits);
    }
  if (double(count_) > densest * double(rows * columns)) bits_.clear();
  return !empty();
}

template bool SparsityPattern::read(const float*, Index, Index, Index);
template bool SparsityPattern::read(const double*, Index, Index, Index);

}  // namespace elbow
