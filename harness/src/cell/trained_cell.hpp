#pragma once

#include <elbow/family.hpp>
#include <elbow/model.hpp>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "config/trained_reader.hpp"
#include "plan/plan.hpp"
#include "plugins/plugin_info.hpp"
#include "record/cell_summary.hpp"
#include "record/result_reader.hpp"

namespace elbow {

/// A cell whose trained parameters are the input of another, read once.
class TrainedCell {
 public:
  /// @param planned  the setting `trained` of a model
  /// @throws Error naming the file: no complete cell, one that failed, or changed since it was
  /// planned
  explicit TrainedCell(const Json& planned);

  /// Whether the cell's family was this plugin.
  bool has_family(const PlannedPlugin& planned) const;
  /// What the cell itself had for one purpose. A family may owe its structure to it (random orders
  /// of coordinates), to which its parameters belong.
  RandomStream stream(std::string_view purpose) const;

  /// Puts the parameters into a model of the same architecture.
  /// @param planned  what the model was made from. Where its options differ from the trained ones,
  ///                 the model is made again with each of these in turn: an option may only differ
  ///                 where the parameters keep their meaning
  /// @throws Error naming the file: another plugin, another architecture (with the block and both
  /// shapes), or another function of the same parameters (with the option and both values)
  void load(const PlannedPlugin& planned, const Catalog& catalog, Model& model) const;
  /// The same for a family. @param setup  what it was made from
  void load(const PlannedPlugin& planned, const Catalog& catalog, const FamilySetup& setup,
            Family& family) const;
  /// Gives a prior that is made of the encoder's posteriors those of the trained encoder.
  void load_components(MixturePrior& prior) const;

 private:
  const Json* part(Kind kind) const;  ///< of the configuration; null without one
  void copy_to(Parameters& parameters, const std::string& prefix) const;
  void require_same_meaning(const PlannedPlugin& planned, const Catalog& catalog,
                            const std::function<bool(const Options&)>& is_same) const;

  std::string file_;
  CellSummary summary_;
  std::vector<StoredBlock> blocks_;
};

/// Of a prior that is made of an encoder's posteriors: where in a cell's file they are.
inline constexpr const char* prior_components_group = "prior_components";

/// The file of a cell of another experiment. A result folder is looked for in the current
/// directory, where `elbow run` leaves it, then beside the experiment file.
/// @throws Error saying what there is instead, or what has to be run first
std::filesystem::path find_trained_cell(const std::filesystem::path& experiment_file,
                                        const CellChoice& choice);

}  // namespace elbow
