#include <Random123/philox.h>
#if defined __AVX2__
#include <immintrin.h>
#endif

#include <algorithm>
#include <bit>
#include <cstring>
#include <elbow/random.hpp>

#include "normal_quantile.hpp"

namespace elbow {
namespace {

using Philox = r123::Philox4x32;
__extension__ using Uint128 = unsigned __int128;

/// A bijective mixer of 64 bits (Steele, Lea & Flood 2014, SplitMix64).
std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

Philox::ctr_type block(const std::uint32_t (&key)[2], std::uint64_t substream,
                       std::uint64_t number) {
  const Philox::ctr_type counter = {{std::uint32_t(number), std::uint32_t(number >> 32),
                                     std::uint32_t(substream), std::uint32_t(substream >> 32)}};
  const Philox::key_type philox_key = {{key[0], key[1]}};
  return Philox()(counter, philox_key);
}

/// The middle of one of 2^52 equal cells of (0, 1): never 0, never 1, symmetric about 1/2.
double to_uniform(std::uint64_t bits) { return (double(bits >> 12) + 0.5) * 0x1p-52; }

// Counters side by side, one in each 64-bit lane of a register, of which the lower half counts.
#if defined __AVX512F__
constexpr int side = 8;
#elif defined __AVX2__
constexpr int side = 4;
#else
constexpr int side = 2;
#endif
using Wide = std::uint64_t __attribute__((vector_size(8 * side)));
using WideReal = double __attribute__((vector_size(8 * side)));

/// The 64-bit products of the lower halves.
inline Wide product(Wide a, Wide b) {
#if defined __AVX512F__
  return reinterpret_cast<Wide>(
      _mm512_mul_epu32(reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
#elif defined __AVX2__
  return reinterpret_cast<Wide>(
      _mm256_mul_epu32(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
#else
  constexpr std::uint64_t lower = 0xffffffff;
  return (a & lower) * (b & lower);
#endif
}

/// As `to_uniform`: 52 bits behind the exponent of 2^52 are that number plus 2^52.
inline WideReal to_uniforms(Wide bits) {
  const Wide number = bits >> 12 | 0x4330000000000000;
  return ((reinterpret_cast<WideReal>(number) - 0x1p52) + 0.5) * 0x1p-52;
}
inline Wide as_they_are(Wide bits) { return bits; }

/// Fills 2 * lanes numbers of 64 bits from consecutive counters: Philox 4x32 with ten rounds,
/// `block` of every counter, several registers at a time.
/// @param convert  what becomes of the random bits of a register
constexpr int lanes = 16;

template <class T, class Convert>
void fill_lanes(const std::uint32_t (&key)[2], std::uint64_t substream, std::uint64_t number,
                T* out, Convert convert) {
  constexpr int registers = lanes / side;
  Wide word[4][registers];
  Wide counter = Wide{} + number;
  for (int i = 0; i < side; ++i) counter[i] += std::uint64_t(i);
  for (int r = 0; r < registers; ++r, counter += side) {
    word[0][r] = counter, word[1][r] = counter >> 32;
    word[2][r] = Wide{} + substream, word[3][r] = Wide{} + (substream >> 32);
  }
  std::uint32_t key0 = key[0], key1 = key[1];
  // Unrolled, the words stay in registers, in two thirds of the time.
#pragma GCC unroll 10
  for (int round = 0; round < 10; ++round) {
    for (int r = 0; r < registers; ++r) {
      const Wide first = product(word[0][r], Wide{} + PHILOX_M4x32_0);
      const Wide second = product(word[2][r], Wide{} + PHILOX_M4x32_1);
      word[0][r] = (second >> 32) ^ word[1][r] ^ key0;
      word[1][r] = second;
      word[2][r] = (first >> 32) ^ word[3][r] ^ key1;
      word[3][r] = first;
    }
    key0 += PHILOX_W32_0, key1 += PHILOX_W32_1;
  }
  alignas(64) T even[lanes], odd[lanes];
  for (int r = 0; r < registers; ++r) {
    const auto first = convert((word[1][r] << 32) | (word[0][r] & 0xffffffff));
    const auto second = convert((word[3][r] << 32) | (word[2][r] & 0xffffffff));
    std::memcpy(even + r * side, &first, sizeof first);
    std::memcpy(odd + r * side, &second, sizeof second);
  }
  for (int i = 0; i < lanes; ++i) out[2 * i] = even[i], out[2 * i + 1] = odd[i];
}

}  // namespace

RandomStream::RandomStream(std::uint64_t experiment_seed, std::uint64_t replicate,
                           std::string_view purpose) {
  std::uint64_t key = mix(mix(experiment_seed) ^ replicate);
  for (const char letter : purpose) key = mix(key ^ std::uint8_t(letter));
  key_ = {{std::uint32_t(key), std::uint32_t(key >> 32)}};
}

RandomStream RandomStream::substream(std::uint64_t index) const {
  return {key_, mix(mix(substream_) ^ index)};
}

std::uint64_t RandomStream::bits() {
  const auto words = block(key_.word, substream_, position_ / 2);
  const int at = position_++ % 2 ? 2 : 0;
  return std::uint64_t(words[at + 1]) << 32 | words[at];
}

double RandomStream::uniform() { return to_uniform(bits()); }

double RandomStream::normal() {
  double value = uniform();
  normal_quantiles(&value, 1);
  return value;
}

double RandomStream::exponential() { return -std::log(uniform()); }

Index RandomStream::integer(Index n) {
  // 2^64 mod n values are turned away, so that no result is favoured (Lemire 2019, section 3).
  const std::uint64_t range = std::uint64_t(n);
  const std::uint64_t turned_away = -range % range;
  for (;;) {
    const Uint128 product = Uint128(bits()) * range;
    if (std::uint64_t(product) >= turned_away) return Index(product >> 64);
  }
}

void RandomStream::fill_run(double* to, Index n) {
  double* const end = to + n;
  if (to < end && position_ % 2) *to++ = uniform();
  for (; end - to >= 2 * lanes; to += 2 * lanes, position_ += 2 * lanes)
    fill_lanes(key_.word, substream_, position_ / 2, to, to_uniforms);
  // All lanes cost less than a few numbers one by one.
  if (end - to >= 4) {
    double last[2 * lanes];
    fill_lanes(key_.word, substream_, position_ / 2, last, to_uniforms);
    position_ += std::uint64_t(end - to);
    to = std::copy_n(last, end - to, to);
  }
  while (to < end) *to++ = uniform();
}

void RandomStream::fill_uniform(DrawsOut out) {
  if (out.outerStride() == out.rows()) return fill_run(out.data(), out.size());
  for (Index column = 0; column < out.cols(); ++column)
    fill_run(out.col(column).data(), out.rows());
}

void RandomStream::fill_bytes(std::span<std::uint8_t> out) {
  std::uint64_t words[2 * lanes];
  while (!out.empty()) {
    std::size_t count = 1;
    if (position_ % 2) {
      words[0] = bits();
    } else {
      fill_lanes(key_.word, substream_, position_ / 2, words, as_they_are);
      count = std::min(std::size(words), (out.size() + 7) / 8);
      position_ += count;
    }
    const std::size_t filled = std::min(8 * count, out.size());
    if constexpr (std::endian::native == std::endian::little)
      std::memcpy(out.data(), words, filled);
    else
      for (std::size_t i = 0; i < filled; ++i) out[i] = std::uint8_t(words[i / 8] >> 8 * (i % 8));
    out = out.subspan(filled);
  }
}

void RandomStream::fill_normal(DrawsOut out) {
  fill_uniform(out);
  if (out.outerStride() == out.rows()) return normal_quantiles(out.data(), out.size());
  for (Index column = 0; column < out.cols(); ++column)
    normal_quantiles(out.col(column).data(), out.rows());
}

void RandomStream::shuffle(std::vector<Index>& items) {
  for (Index last = Index(items.size()) - 1; last > 0; --last)
    std::swap(items[last], items[integer(last + 1)]);
}

}  // namespace elbow
