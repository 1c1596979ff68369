#pragma once

#include <cstdint>
#include <elbow/types.hpp>
#include <span>
#include <string_view>
#include <vector>

namespace elbow {

/// A counter-based stream of random numbers: Philox4x32-10 (Salmon et al. 2011, "Parallel random
/// numbers: as easy as 1, 2, 3"). The n-th number is a pure function of the key, the substream and
/// n, so that results do not depend on the order in which cells, chains or draws are worked on.
/// Copying a stream copies its position. Thread-safe: no; give each thread its own substream.
class RandomStream {
 public:
  /// The stream for one purpose ("data", "noise", ...) of one replicate of one experiment.
  RandomStream(std::uint64_t experiment_seed, std::uint64_t replicate, std::string_view purpose);

  /// An independent stream, a pure function of this stream's key and `index`; this stream's own
  /// position does not matter and does not change.
  RandomStream substream(std::uint64_t index) const;

  /// Uniform on the open interval (0, 1), 52 random bits.
  double uniform();
  /// Standard normal, by the inverse of its distribution function (so that one number is one draw).
  double normal();
  /// Exponential with mean 1.
  double exponential();
  /// Uniform on 0 ... n - 1. @pre n >= 1
  Index integer(Index n);
  std::uint64_t bits();

  /// Fill a block in column-major order with the stream's next numbers: the same numbers as calling
  /// uniform() or normal() for each element, several times faster.
  void fill_uniform(DrawsOut out);
  void fill_normal(DrawsOut out);
  /// Fills with random bytes: the eight of each bits(), the lowest one first.
  void fill_bytes(std::span<std::uint8_t> out);

  /// Fisher-Yates shuffle of `items`.
  void shuffle(std::vector<Index>& items);

 private:
  /// The next n uniforms into contiguous memory.
  void fill_run(double* to, Index n);

  struct Key {
    std::uint32_t word[2];
  };
  RandomStream(Key key, std::uint64_t substream) : key_(key), substream_(substream) {}

  Key key_;
  std::uint64_t substream_ = 0;
  std::uint64_t position_ = 0;  ///< in 64-bit words
};

}  // namespace elbow
