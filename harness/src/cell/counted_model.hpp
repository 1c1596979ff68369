#pragma once

#include <cstdint>
#include <elbow/model.hpp>
#include <elbow/state_archive.hpp>
#include <memory>

namespace elbow {

/// How often a method asked its model; one per draw, whatever the size of the block.
struct Counts {
  std::int64_t densities = 0;  ///< log densities without gradient
  std::int64_t gradients = 0;
  std::int64_t simulations = 0;
  std::int64_t rejections = 0;  ///< log densities of -inf or NaN, with gradient or without

  void state(StateArchive& archive) { archive(densities, gradients, simulations, rejections); }
};

/// The model as a method sees it: every call is passed on and counted. The model that is wrapped
/// must outlive it.
class CountedModel final : public Model {
 public:
  explicit CountedModel(Model& model);
  ~CountedModel() override;

  Density* density() override;
  LatentItems* latent_items() override;
  Simulator* simulator() override;
  Energy* energy() override { return model_.energy(); }
  Conjugate* conjugate() override { return model_.conjugate(); }
  Reference* reference() override { return model_.reference(); }
  std::vector<DataArray> data() const override { return model_.data(); }
  std::vector<Coordinate> coordinates() const override { return model_.coordinates(); }

  const Counts& counts() const { return counts_; }
  /// Adds calls that another process has made on this one's behalf.
  void add(const Counts& others);
  /// Forgets what was counted since: calls of the host's measurements.
  void restore(const Counts& counts) { counts_ = counts; }

 private:
  class CountedDensity;
  class CountedItems;
  class CountedSimulator;

  Model& model_;
  Counts counts_;
  std::unique_ptr<CountedDensity> density_;
  std::unique_ptr<CountedItems> items_;
  std::unique_ptr<CountedSimulator> simulator_;
};

}  // namespace elbow
