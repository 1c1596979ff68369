#include "plan/model_trial.hpp"

#include <elbow/error.hpp>
#include <optional>

#include "plan/refusal_text.hpp"
#include "plugins/guarded_child.hpp"
#include "plugins/loader.hpp"
#include "plugins/shapes.hpp"

namespace elbow {
namespace {

enum TrialEvent : std::uint32_t { trial_started, trial_ended };

Json encode_trial(const ModelTrial& trial) {
  return {{"result", int(trial.result)}, {"refusal", trial.refusal},
          {"untried", trial.untried},    {"table", trial.table},
          {"reads", trial.reads},        {"items", trial.items},
          {"note", trial.note},          {"keeps_options", trial.keeps_options}};
}

ModelTrial decode_trial(const Json& json) {
  return {ModelTrial::Result(json.at("result").get<int>()),
          json.at("refusal"),
          json.at("untried"),
          json.at("table"),
          json.at("reads"),
          json.at("items"),
          json.at("note"),
          json.at("keeps_options")};
}

/// Makes models in this process.
class ModelMaker {
 public:
  ModelMaker(std::uint64_t seed, bool from_prior, const Catalog& catalog,
             const DataLoader& load_data, const ModelCheck& check_model)
      : seed_(seed),
        from_prior_(from_prior),
        catalog_(catalog),
        load_data_(load_data),
        check_model_(check_model) {}

  ModelTrial make(const ModelVariant& variant) {
    const PlannedPlugin& planned = variant.plugin;
    const PluginInfo& info = *catalog_.find(planned.kind, planned.name);
    ModelTrial trial;
    file_ = nullptr;
    try {
      const Descriptor& descriptor = map_plugin(info.file, planned.kind, planned.name);
      auto values = option_values(
          planned, info, [&](const Json& file, OptionType type) { return data(file, type); });
      trial.result = ModelTrial::Result::refused;
      make(descriptor, std::move(values), variant, trial);
      trial.result = ModelTrial::Result::made;
    } catch (const Unsupported&) {
      trial.result = ModelTrial::Result::unknown;
    } catch (const SettingError& error) {
      trial.refusal = error.what();
      trial.table = error.setting;
    } catch (const Error& error) {
      trial.refusal = with_files(error.what(), planned);
      for (const auto& [name, value] : planned.options.items())
        if (!file_.is_null() && value == file_) trial.table = name;
      if (!file_.is_null()) trial.result = ModelTrial::Result::refused;
    } catch (const std::exception& error) {
      trial.result = ModelTrial::Result::unknown;
      trial.untried = std::string("making it fails: ") + error.what();
    }
    return trial;
  }

 private:
  void make(const Descriptor& descriptor, std::map<std::string, OptionValue, std::less<>> values,
            const ModelVariant& variant, ModelTrial& trial) const {
    // No option has an empty name. As many own this as there are copies of the options.
    const auto owned = std::make_shared<const Table>();
    values.emplace("", owned);
    Options options(std::move(values));
    options.record_reads(trial.reads);
    const long owners = owned.use_count();
    auto model = descriptor.make_model({options, RandomStream(seed_, 0, "data"), from_prior_});
    trial.keeps_options = owned.use_count() > owners;
    if (!variant.settings.empty()) trial.note = check_model_(variant, catalog_, model);
    trial.items = data_items(*model);
  }

  OptionValue data(const Json& file, OptionType type) {
    if (last_data_ && type == last_type_ && file == last_file_) return *last_data_;
    last_data_.reset();
    file_ = file;
    last_data_ = load_data_(file, type);
    last_type_ = type;
    last_file_ = std::move(file_);
    file_ = nullptr;
    return *last_data_;
  }

  std::uint64_t seed_;
  bool from_prior_;
  const Catalog& catalog_;
  const DataLoader& load_data_;
  const ModelCheck& check_model_;
  Json file_;  ///< the one that is being read
  Json last_file_;
  OptionType last_type_ = OptionType::table;
  std::optional<OptionValue> last_data_;
};

}  // namespace

std::vector<ModelTrial> try_models(const std::vector<ModelVariant>& models, std::uint64_t seed,
                                   bool from_prior, const Catalog& catalog,
                                   const DataLoader& load_data, const ModelCheck& check_model,
                                   std::uint64_t memory, std::chrono::milliseconds budget) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point end = Clock::now() + budget;
  std::vector<ModelTrial> trials(models.size());
  for (std::size_t next = 0; next < models.size();) {
    GuardedChild child(
        [&](const ChildSide& host) {
          ModelMaker maker(seed, from_prior, catalog, load_data, check_model);
          for (std::size_t i = next; i < models.size(); ++i) {
            host.forget_output();
            host.send(trial_started);
            const Json trial = encode_trial(maker.make(models[i]));
            host.send(trial_ended, trial.dump(-1, ' ', false, Json::error_handler_t::replace));
          }
        },
        memory);
    bool at_work = false;
    const auto left = [&] {
      return std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
    };
    while (const auto message = child.next(left())) {
      at_work = message->kind == trial_started;
      if (!at_work) trials[next++] = decode_trial(Json::parse(message->bytes));
    }
    if (next == models.size()) break;
    if (child.too_late() || !at_work) {
      const std::string seconds = Json(double(budget.count()) / 1000).dump();
      if (at_work)
        trials[next++].untried = "could not be made within the " + seconds +
                                 " s that planning gives to all models; its cells will tell";
      for (; next < models.size(); ++next)
        trials[next].untried = "was not tried, because models before it took the " + seconds +
                               " s that planning gives to all models";
      break;
    }
    trials[next++].untried = "making it " + child.ending() + child.last_output();
  }
  return trials;
}

}  // namespace elbow
