#pragma once

#include <cstdint>
#include <elbow/family.hpp>
#include <vector>

namespace elbow {

/// The noise of an estimator's draws. Every single draw has the family's noise distribution, so
/// that averages over draws keep their means; draws of one group depend on each other, which lowers
/// the variance of averages.
///
///     independent  groups of one draw
///     antithetic   pairs: the second draw has -e for each normal e, and 1 - u for each uniform u
///     sobol        Sobol's points with a random digital shift (Joe & Kuo 2008; Owen 2003,
///                  section 4): one group; powers of two are best
class NoiseSource {
 public:
  /// `noise`, for a plugin's option table.
  static Option option();

  /// @param draws   S
  /// @param groups  the least number of independent groups wanted (2 where a baseline must come
  ///                from draws that are independent of a draw); only sobol is cut into as many
  /// @throws OptionError when S draws do not make so many groups, or sobol has no such dimension.
  NoiseSource(const Options& options, const NoiseShape& shape, Index draws, Index groups = 1);

  /// Draws of one group lie beside each other: columns g G ... g G + G - 1 for group size G; the
  /// last group may be smaller.
  Index group_size() const { return group_size_; }

  /// @param[out] noise  [R x S]
  void fill(RandomStream& stream, DrawsOut noise);

 private:
  enum class Kind { independent, antithetic, sobol };

  Kind kind_ = Kind::independent;
  NoiseShape shape_;
  Index group_size_ = 1;
  /// [R x G] Sobol's points in (0, 1) as fractions of 2^64
  Eigen::Matrix<std::uint64_t, Eigen::Dynamic, Eigen::Dynamic> points_;
};

}  // namespace elbow
