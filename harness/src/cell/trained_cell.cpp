#include "cell/trained_cell.hpp"

#include <algorithm>
#include <elbow/error.hpp>
#include <set>

#include "cell/draw_groups.hpp"
#include "data/digest.hpp"
#include "record/cell_summary.hpp"
#include "record/result_reader.hpp"

namespace elbow {

namespace fs = std::filesystem;

namespace {

std::string shape_text(Index rows, Index cols) {
  return std::to_string(rows) + " x " + std::to_string(cols);
}

/// A cell's file, read once.
class TrainedCell {
 public:
  explicit TrainedCell(const Json& planned)
      : file_(planned.at("path").get<std::string>()), summary_(read_summary(file_)) {
    if (sha256_of_file(file_) != planned.at("sha256"))
      throw Error(file_ + ": has changed since the experiment was planned; run again");
    const Outcome& outcome = summary_.outcome;
    const bool has_numbers = !is_failure(outcome.ending) || outcome.ending == Ending::timed_out;
    if (!has_numbers || outcome.ending == Ending::skipped || outcome.ending == Ending::non_finite ||
        outcome.ending == Ending::diverged)
      throw Error(file_ + ": this cell ended as " + ending_name(outcome.ending) +
                  (outcome.reason.empty() ? "" : " (" + outcome.reason + ")") +
                  ", its parameters are of no use");
    blocks_ = read_blocks(file_, "vi_parameters");
  }

  const std::string& file() const { return file_; }
  /// The name of a plugin that it was made with; empty without one.
  std::string plugin(Kind kind) const {
    const Json& configuration = summary_.configuration;
    const Json& part = kind == Kind::model ? configuration : configuration.at("method");
    const auto found = part.find(kind_name(kind));
    return found == part.end() ? "" : found->at("plugin").get<std::string>();
  }

  /// @param prefix  of the blocks' names in the file
  void copy_to(Parameters& parameters, const std::string& prefix) const {
    for (const BlockInfo& block : parameters.blocks()) {
      const std::string name = prefix + block.name;
      const auto found = std::find_if(blocks_.begin(), blocks_.end(),
                                      [&](const StoredBlock& b) { return b.name == name; });
      const std::string here = shape_text(block.rows, block.cols);
      if (found == blocks_.end())
        throw Error(file_ + ": has no block \"" + name + "\", which is " + here + " here");
      if (found->values.rows() != block.rows || found->values.cols() != block.cols)
        throw Error(file_ + ": the block \"" + name + "\" is " +
                    shape_text(found->values.rows(), found->values.cols()) + " there and " + here +
                    " here");
      const Index size = block.rows * block.cols;
      if (block.scalar == Scalar::f64)
        parameters.f64().segment(block.offset, size) = found->values.reshaped();
      else
        parameters.f32().segment(block.offset, size) = found->values.reshaped().cast<float>();
    }
    for (const StoredBlock& stored : blocks_) {
      if (is_of_model(stored.name) == prefix.empty()) continue;
      const auto& known = parameters.blocks();
      if (std::none_of(known.begin(), known.end(),
                       [&](const BlockInfo& b) { return prefix + b.name == stored.name; }))
        throw Error(file_ + ": has a block \"" + stored.name + "\" of " +
                    shape_text(stored.values.rows(), stored.values.cols()) + ", which is not here");
    }
  }

 private:
  static bool is_of_model(const std::string& name) { return name.starts_with(model_prefix); }

  std::string file_;
  CellSummary summary_;
  std::vector<StoredBlock> blocks_;
};

/// Names for a text: `"a", "b" and 3 more`.
std::string listed(const std::set<std::string>& names) {
  constexpr std::size_t most = 8;
  std::string text;
  std::size_t n = 0;
  for (const std::string& name : names) {
    if (n == most) return text + " and " + std::to_string(names.size() - most) + " more";
    text += (n++ == 0 ? "\"" : ", \"") + name + "\"";
  }
  return text;
}

/// Whether a variant is meant: by its name, or by that of its block without the axes.
bool is_named(const std::string& variant, const std::string& name) {
  return name.empty() || variant == name || variant.substr(0, variant.find('(')) == name;
}

/// What makes the results, for a person to copy.
std::string command_for(const fs::path& experiment_file, const fs::path& results) {
  fs::path experiment = experiment_file.parent_path() / results.filename();
  experiment += ".toml";
  return fs::exists(experiment) ? "`elbow run " + experiment.string() + "` makes them"
                                : "run its experiment first";
}

}  // namespace

void load_trained(const ModelVariant& variant, Model& model) {
  const TrainedCell cell(variant.settings.at("trained"));
  if (const std::string other = cell.plugin(Kind::model); other != variant.plugin.name)
    throw Error(cell.file() + ": was trained as model \"" + other + "\", and this is model \"" +
                variant.plugin.name + "\"");
  Parameters* parameters = trainable_parameters(model);
  if (!parameters)
    throw Error("model \"" + variant.plugin.name + "\" has no parameters that could be trained");
  cell.copy_to(*parameters, model_prefix);
}

bool load_trained(const ModelVariant& variant, const PlannedPlugin& planned, Family& family) {
  const TrainedCell cell(variant.settings.at("trained"));
  if (cell.plugin(Kind::family) != planned.name) return false;
  cell.copy_to(family.parameters(), "");
  return true;
}

fs::path find_trained_cell(const fs::path& experiment_file, const CellChoice& choice) {
  fs::path folder = fs::absolute(choice.results);
  if (!fs::is_directory(folder))
    folder = fs::absolute(experiment_file).parent_path() / choice.results;
  if (!fs::is_directory(folder))
    throw Error("there are no results in " + choice.results + " yet; " +
                command_for(experiment_file, choice.results));
  std::set<std::string> models, methods, there;
  std::vector<const CellSummary*> found;
  const std::vector<CellSummary> cells = read_index(folder);
  for (const CellSummary& cell : cells) {
    if (!cell.planned) continue;
    there.insert(cell.model + "/" + cell.method + "/" + std::to_string(cell.replicate));
    if (!is_named(cell.model, choice.model) || !is_named(cell.method, choice.method) ||
        cell.replicate != choice.replicate)
      continue;
    found.push_back(&cell);
    models.insert(cell.model);
    methods.insert(cell.method);
  }
  if (found.size() == 1) return folder / found.front()->path;
  if (found.empty())
    throw Error(choice.results + " has no such cell yet: " +
                (there.empty() ? "it has none" : "it has " + listed(there)) + "; " +
                command_for(experiment_file, choice.results));
  throw Error(
      std::to_string(found.size()) + " cells of " + choice.results + " are meant; say " +
      (models.size() > 1 ? "which model: " + listed(models) : "which method: " + listed(methods)));
}

}  // namespace elbow
