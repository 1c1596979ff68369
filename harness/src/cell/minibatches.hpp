#pragma once

#include <elbow/model.hpp>
#include <elbow/state_archive.hpp>
#include <span>
#include <vector>

namespace elbow {

/// Which data items each iteration sees: all, or batches without replacement from a fresh shuffle
/// in every epoch (a last batch that would be short is left for the next shuffle). Sets the
/// density's items.
class Minibatches {
 public:
  /// @param batch_size  0: all items in every iteration
  /// @throws Error when the model has fewer items than one batch.
  Minibatches(Model& model, Index batch_size, RandomStream stream);

  /// The items of the next iteration; empty when all are used.
  std::span<const Index> next();
  void use_all();
  void state(StateArchive& archive);

 private:
  void shuffle();

  Density* density_;
  Index batch_size_;
  RandomStream stream_;
  std::vector<Index> order_;
  Index position_ = 0;
  std::uint64_t epoch_ = 0;  ///< epochs begun
};

}  // namespace elbow
