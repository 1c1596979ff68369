#pragma once

#include <elbow/option.hpp>
#include <elbow/random.hpp>
#include <elbow/types.hpp>
#include <span>
#include <string>

namespace elbow {

/// How the ancestors of a population are drawn: particle i of n has n w_i descendants in the mean.
/// Source: Douc, Cappe & Moulines 2005.
class Resampling {
 public:
  /// `resampling` = systematic | stratified | residual | multinomial, for a plugin's option table.
  static Option option();

  /// @param scheme  one of the option's choices
  explicit Resampling(std::string scheme) : scheme_(std::move(scheme)) {}

  /// @param      weights    [n]  add up to 1
  /// @param[out] ancestors  [n]  positions in `weights`
  void draw(Vector weights, RandomStream& stream, std::span<Index> ancestors);

 private:
  void draw_points(RandomStream& stream, Index count);

  std::string scheme_;
  Eigen::VectorXd left_;    ///< weights that have not been turned into descendants yet
  Eigen::VectorXd points_;  ///< increasing, in (0, 1)
};

}  // namespace elbow
