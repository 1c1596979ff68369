#pragma once

#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "plan/options.hpp"
#include "plan/plan.hpp"
#include "plugins/plugin_info.hpp"

namespace elbow {

/// What making a model once has shown.
struct ModelTrial {
  enum class Result {
    made,
    refused,  ///< a person must change the experiment or its data
    unknown,  ///< not tried, not done in time, crashed, or anything else that is for a cell to find
  };

  Result result = Result::unknown;
  std::string refusal;  ///< the reason, without the model's name
  std::string untried;  ///< why it is not known whether the model can be made; empty when it is
  std::string table;    ///< the option whose data could not be read, if that is the reason; or
                        ///< the host's own option that is to blame
  /// Of a made model: the options that its factory has asked for.
  std::set<std::string, std::less<>> reads;
  Index items = 0;   ///< of a made model: the data items that minibatches are drawn from
  std::string note;  ///< of a made model: what its reference has not, or has besides
  /// The model keeps its options and may ask for more of them later.
  bool keeps_options = false;
};

/// Makes models as the first replicate's cells will, one after another in a guarded child process.
/// A data file that several of them use one after another is read once.
/// @param from_prior  whether they generate their data from their priors, for a calibration
/// @param memory  bytes that the child process may map beyond this one's, as a cell's may; 0: no
/// limit
/// @param budget  for all of them together; those that are not made by then are unknown
std::vector<ModelTrial> try_models(const std::vector<ModelVariant>& models, std::uint64_t seed,
                                   bool from_prior, const Catalog& catalog,
                                   const DataLoader& load_data, const ModelCheck& check_model,
                                   std::uint64_t memory, std::chrono::milliseconds budget);

}  // namespace elbow
