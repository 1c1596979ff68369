#pragma once

#include <elbow/estimator.hpp>
#include <memory>
#include <optional>
#include <string>

#include "cell/affine_map.hpp"
#include "cell/ingredients.hpp"
#include "cell/transported_model.hpp"

namespace elbow {

/// What a fit hands to the sampler that follows it.
struct FittedApproximation {
  Family* family = nullptr;  ///< null: weighted draws, or no fit at all
  const Particles* particles = nullptr;
  explicit operator bool() const { return family || particles; }
};

/// What a sampler works on, and where it begins, by the method's option `fit`:
/// start      on the target; chains begin at draws of the fit, which the sampler knows too
/// base       the same, for samplers that go from the fit to the target (AIS, SMC, importance)
/// metric     in coordinates in which the fit has mean 0 and covariance I
/// transport  in the noise of the fit, an invertible map of standard normal numbers (NeuTra)
/// Without a fit chains begin uniformly within `initial_radius` of 0.
class SamplingTarget {
 public:
  /// @param target  must outlive this, as must the approximation
  /// @throws Unsupported when the fit cannot be used in this way
  SamplingTarget(const Ingredients& cell, Model& target, FittedApproximation fitted);

  Model& model() { return moved_ ? static_cast<Model&>(*moved_) : target_; }
  /// For SamplerSetup::fitted.
  Family* fitted() const { return moved_ ? nullptr : fitted_.family; }
  /// A point to begin at, in the sampler's coordinates, one stream being one chain's. [D]
  void draw_start(RandomStream& stream, VectorOut place) const;
  /// Where `draw_start` takes it from, for reasons: "from the fit".
  std::string start_text() const;
  /// Draws of the target from the sampler's state, and the target's log density there.
  void to_target(Draws place, Vector log_density, DrawsOut z, VectorOut log_p) const;

 private:
  void use_metric();
  void use_transport();
  void draw_fit(RandomStream& stream, VectorOut z) const;

  const Ingredients& cell_;
  Model& target_;
  FittedApproximation fitted_;
  std::optional<AffineMap> affine_;
  std::unique_ptr<TransportedModel> moved_;
};

}  // namespace elbow
