#include <elbow/sparse_columns.hpp>
#if defined __AVX2__
#include <immintrin.h>
#endif

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace elbow {
namespace {

/// The share of numbers that are not zero up to which a product that leaves out the zeros is
/// faster: it loads a register for every multiply-add, from the second cache.
constexpr double densest = 0.25;

std::size_t most_entries(Index rows, Index columns) {
  return std::size_t(densest * double(rows * columns));
}

/// Appends the numbers of rows first ... rows - 1 that are not zero. @return their count
template <class T>
std::size_t append(const T* column, Index first, Index rows, SparseEntry<T>* entries) {
  std::size_t count = 0;
  for (Index i = first; i < rows; ++i) {
    // Without a branch, which would be mispredicted at every other edge of a stroke.
    entries[count] = {int(i), column[i]};
    count += column[i] != 0;
  }
  return count;
}

#if defined __AVX2__
/// The places of the bits of every byte, in the bytes of a word.
constexpr auto places_of_bits = [] {
  std::array<std::uint64_t, 256> places{};
  for (unsigned mask = 0; mask < 256; ++mask)
    for (unsigned bit = 0, found = 0; bit < 8; ++bit)
      if (mask >> bit & 1) places[mask] |= std::uint64_t(bit) << 8 * found++;
  return places;
}();

/// The same for eight rows at a time; up to eight entries behind the last are overwritten, none
/// behind entries[rows - 1].
std::size_t append(const float* column, Index rows, SparseEntry<float>* entries) {
  std::size_t count = 0;
  Index i = 0;
  for (; i + 8 <= rows; i += 8) {
    const __m256 numbers = _mm256_loadu_ps(column + i);
    const auto mask =
        unsigned(_mm256_movemask_ps(_mm256_cmp_ps(numbers, _mm256_setzero_ps(), _CMP_NEQ_UQ)));
    const __m256i places = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128(long(places_of_bits[mask])));
    const __m256i found = _mm256_castps_si256(_mm256_permutevar8x32_ps(numbers, places));
    const __m256i rows_found = _mm256_add_epi32(places, _mm256_set1_epi32(int(i)));
    const __m256i even = _mm256_unpacklo_epi32(rows_found, found);
    const __m256i odd = _mm256_unpackhi_epi32(rows_found, found);
    auto* const to = reinterpret_cast<__m256i*>(entries + count);
    _mm256_storeu_si256(to, _mm256_permute2x128_si256(even, odd, 0x20));
    _mm256_storeu_si256(to + 1, _mm256_permute2x128_si256(even, odd, 0x31));
    count += std::size_t(std::popcount(mask));
  }
  return count + append<float>(column, i, rows, entries + count);
}
std::size_t append(const double* column, Index rows, SparseEntry<double>* entries) {
  return append<double>(column, 0, rows, entries);
}
#else
template <class T>
std::size_t append(const T* column, Index rows, SparseEntry<T>* entries) {
  return append<T>(column, 0, rows, entries);
}
#endif

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
    count += append(from + j * step, rows, entries + count);
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
