#pragma once

#include <elbow/types.hpp>
#include <span>

namespace elbow {

class Family;

/// A model whose complete conditionals are in exponential families, with its own mean-field
/// approximation (Blei, Kucukelbir & McAuliffe 2017, section 4; Hoffman et al. 2013 for the
/// minibatch form). Blocks are updated in place.
class Conjugate {
 public:
  virtual ~Conjugate() = default;

  /// The coordinate blocks of one sweep, in the order in which CAVI visits them.
  virtual Index block_count() const = 0;
  /// Sets block b to its optimum given all others. The ELBO never decreases.
  virtual void update_block(Index b) = 0;
  /// The exact ELBO of the current approximation, every constant kept, nats.
  virtual double elbo() = 0;

  /// Breaks the symmetry of the start: a function of the stream's numbers.
  virtual void initialize(class RandomStream& stream) = 0;

  /// The natural parameters of the global factors. [G]
  virtual Index natural_dimension() const = 0;
  virtual void natural_parameters(VectorOut lambda) const = 0;
  virtual void set_natural_parameters(Vector lambda) = 0;

  /// N, the number of data items that a minibatch is drawn from.
  virtual Index item_count() const = 0;
  /// The optimal global natural parameters if the data were the B given items repeated N/B times:
  /// the local factors of these items are set to their optimum first. Only the likelihood is
  /// scaled.
  /// @param[out] lambda_hat  [G]
  virtual void estimate_natural_parameters(std::span<const Index> items, VectorOut lambda_hat) = 0;

  /// The current approximation as a family over the model's Density space, for draws and densities.
  virtual Family& approximation() = 0;
};

}  // namespace elbow
