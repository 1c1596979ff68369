#pragma once

#include <elbow/family.hpp>
#include <elbow/model.hpp>
#include <memory>

namespace elbow {

/// A target in the coordinates e of an invertible map z = T(e):
///
///     log p~(e) = log p(T(e)) + log |det dT/de| = log p(T(e)) - log q(T(e)) + log N(e; 0, I),
///
/// with the same evidence. Where q, the map's image of N(0, I), is close to the target, p~ is close
/// to N(0, I). Source: Hoffman et al. 2019, eq. 4. Target and map must outlive it. Thread-safe: no.
class TransportedModel final : public Model {
 public:
  TransportedModel(Model& target, Transport& map);
  ~TransportedModel() override;

  /// Its `variables` and `constrain` are the target's, of T(e).
  Density* density() override;

  /// Points of the target and its log density there.
  /// @param      e            [D x S]
  /// @param      log_density  [S]      of this model at e
  /// @param[out] z            [D x S]  T(e)
  /// @param[out] log_p        [S]      log density of the target at z
  void to_target(Draws e, Vector log_density, DrawsOut z, VectorOut log_p) const;

 private:
  class Pulled;
  std::unique_ptr<Pulled> density_;
};

}  // namespace elbow
