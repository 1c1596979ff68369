#include "cell/trained_cell.hpp"

#include <algorithm>
#include <elbow/error.hpp>
#include <map>
#include <optional>
#include <set>

#include "cell/draw_groups.hpp"
#include "cell/plugin_options.hpp"
#include "cell/same_function.hpp"
#include "data/digest.hpp"
#include "plan/cell_hash.hpp"
#include "plan/options.hpp"
#include "plugins/loader.hpp"

namespace elbow {

namespace fs = std::filesystem;

namespace {

std::string shape_text(Index rows, Index cols) {
  return std::to_string(rows) + " x " + std::to_string(cols);
}

bool is_of_model(const std::string& name) { return name.starts_with(model_prefix); }

bool is_file(OptionType type) {
  return type == OptionType::path || type == OptionType::table || type == OptionType::array;
}

bool is_same_layout(const Parameters& a, const Parameters& b) {
  return std::equal(a.blocks().begin(), a.blocks().end(), b.blocks().begin(), b.blocks().end(),
                    [](const BlockInfo& x, const BlockInfo& y) {
                      return x.name == y.name && x.rows == y.rows && x.cols == y.cols;
                    });
}

/// An option's value for a text.
std::string value_text(const Json& value) { return value.is_null() ? "not given" : value.dump(); }

/// Reads a data file once, however often it is asked for.
class DataOnce {
 public:
  OptionValue operator()(const Json& file, OptionType type) {
    const auto [found, is_new] =
        read_.try_emplace(file.dump() + std::to_string(static_cast<int>(type)));
    if (is_new) found->second = load_planned_data(file, type);
    return found->second;
  }

 private:
  std::map<std::string, OptionValue> read_;
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

TrainedCell::TrainedCell(const Json& planned)
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

const Json* TrainedCell::part(Kind kind) const {
  const Json& configuration = summary_.configuration;
  const Json& owner = kind == Kind::model ? configuration : configuration.at("method");
  const auto found = owner.find(kind_name(kind));
  return found == owner.end() ? nullptr : &*found;
}

bool TrainedCell::has_family(const PlannedPlugin& planned) const {
  const Json* const family = part(Kind::family);
  return family && family->at("plugin") == planned.name;
}

RandomStream TrainedCell::stream(std::string_view purpose) const {
  const Json& configuration = summary_.configuration;
  return {configuration.at("seed").get<std::uint64_t>(),
          configuration.at("replicate").get<std::uint64_t>(), purpose};
}

/// @param prefix  of the blocks' names in the file
void TrainedCell::copy_to(Parameters& parameters, const std::string& prefix) const {
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

void TrainedCell::require_same_meaning(const PlannedPlugin& planned, const Catalog& catalog,
                                       const std::function<bool(const Options&)>& is_same) const {
  const PluginInfo& info = *catalog.find(planned.kind, planned.name);
  const Json trained = part(planned.kind)->value("options", Json::object());
  DataOnce data;
  for (const Option& option : info.options) {
    if (is_file(option.type)) continue;
    const Json here = planned.options.value(option.name, Json());
    const Json there = trained.value(option.name, Json());
    // The plugin of that time may not have had the option.
    const bool is_unknown = there.is_null() && (option.standard || option.is_required);
    if (is_unknown || canonical_text(here) == canonical_text(there)) continue;
    PlannedPlugin other = planned;
    if (there.is_null())
      other.options.erase(option.name);
    else
      other.options[option.name] = there;
    std::optional<bool> same;
    try {
      same = is_same(to_options(other, info, std::ref(data)));
    } catch (const Error&) {
      // Refused beside the other options: those of the data, say, of which there are fewer here.
    }
    if (same.value_or(true)) continue;
    throw Error(file_ + ": was trained with " + option.name + " = " + value_text(there) +
                ", and here it is " + value_text(here) +
                ": the same parameters would be another function");
  }
}

void TrainedCell::load(const PlannedPlugin& planned, const Catalog& catalog, Model& model) const {
  const std::string other = part(Kind::model)->at("plugin");
  if (other != planned.name)
    throw Error(file_ + ": was trained as model \"" + other + "\", and this is model \"" +
                planned.name + "\"");
  Parameters* const parameters = trainable_parameters(model);
  if (!parameters)
    throw Error("model \"" + planned.name + "\" has no parameters that could be trained");
  copy_to(*parameters, model_prefix);
  const auto made = [&](const Options& options) {
    const PluginInfo& info = *catalog.find(planned.kind, planned.name);
    return map_scanned_plugin(info.file, planned.kind, planned.name)
        .make_model({options, stream("data")});
  };
  require_same_meaning(planned, catalog, [&](const Options& options) {
    const std::unique_ptr<Model> as_trained = made(options);
    Parameters* const theirs = trainable_parameters(*as_trained);
    if (!theirs || !is_same_layout(*theirs, *parameters)) return false;
    copy_to(*theirs, model_prefix);
    return is_same_function(*as_trained, model);
  });
}

void TrainedCell::load(const PlannedPlugin& planned, const Catalog& catalog,
                       const FamilySetup& setup, Family& family) const {
  copy_to(family.parameters(), "");
  require_same_meaning(planned, catalog, [&](const Options& options) {
    const PluginInfo& info = *catalog.find(planned.kind, planned.name);
    const std::unique_ptr<Family> as_trained =
        map_scanned_plugin(info.file, planned.kind, planned.name)
            .make_family({options, setup.dimension, setup.context_dimension, setup.init_stream,
                          setup.second_dimension});
    if (!is_same_layout(as_trained->parameters(), family.parameters())) return false;
    copy_to(as_trained->parameters(), "");
    return is_same_function(*as_trained, family);
  });
}

void TrainedCell::load_components(MixturePrior& prior) const {
  std::map<std::string, Eigen::MatrixXd> stored;
  for (StoredBlock& block : read_blocks(file_, prior_components_group))
    stored[block.name] = std::move(block.values);
  const Eigen::MatrixXd &mean = stored["mean"], &log_sd = stored["log_sd"];
  if (mean.size() == 0 || mean.rows() != log_sd.rows() || mean.cols() != log_sd.cols() ||
      mean.cols() != prior.pseudo_inputs().cols())
    throw Error(file_ + ": has no posteriors of the encoder at the " +
                std::to_string(prior.pseudo_inputs().cols()) +
                " pseudo-inputs, of which the model's prior is made; train it again");
  prior.set_components(mean, log_sd);
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
