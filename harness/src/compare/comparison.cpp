#include "compare/comparison.hpp"

#include <algorithm>
#include <cmath>
#include <elbow/error.hpp>
#include <elbow/math.hpp>
#include <set>
#include <tuple>

#include "compare/cell_keys.hpp"
#include "config/nearest.hpp"

namespace elbow {

namespace {

/// The order of columns; other metrics follow by name.
constexpr const char* display_order[] = {"elbo",
                                         "test_elbo",
                                         "test_log_likelihood",
                                         "test_log_evidence",
                                         "test_rate",
                                         "test_distortion",
                                         "test_active_units",
                                         "test_mutual_information",
                                         "train_elbo",
                                         "train_log_evidence",
                                         "maximum_log_evidence",
                                         "log_evidence",
                                         "log_evidence_psis",
                                         "log_evidence_sampler",
                                         "eubo",
                                         "cubo",
                                         "pareto_k",
                                         "kl_to_posterior",
                                         "kl_from_posterior",
                                         "kl_monte_carlo",
                                         "free_energy_residual",
                                         "mean_error_to_draws",
                                         "sd_error_to_draws",
                                         "wasserstein_to_draws",
                                         "mean_error_max",
                                         "sd_error_max",
                                         "mean_error_rms",
                                         "sd_error_rms",
                                         "wasserstein_max",
                                         "wasserstein_mean",
                                         "c2st",
                                         "mmd_squared",
                                         "ksd_squared",
                                         "symmetric_kl_gaussian",
                                         "rhat_max",
                                         "ess_bulk_min",
                                         "ess_tail_min",
                                         "ess_quantile_min",
                                         "ess_per_gradient",
                                         "ess_per_density",
                                         "ess_per_second",
                                         "ess_weights",
                                         "ebfmi_min",
                                         "divergences",
                                         "gradient_variance",
                                         "gradient_snr",
                                         "iterations",
                                         "gradient_evaluations",
                                         "density_evaluations",
                                         "seconds"};

/// What is shown when nothing is asked for: enough to judge a method, and narrow enough to read.
constexpr const char* key_metrics[] = {"elbo",
                                       "test_elbo",
                                       "test_log_likelihood",
                                       "test_log_evidence",
                                       "test_rate",
                                       "test_distortion",
                                       "test_active_units",
                                       "train_elbo",
                                       "train_log_evidence",
                                       "maximum_log_evidence",
                                       "log_evidence",
                                       "log_evidence_psis",
                                       "log_evidence_sampler",
                                       "pareto_k",
                                       "kl_to_posterior",
                                       "free_energy_residual",
                                       "mean_error_to_draws",
                                       "sd_error_to_draws",
                                       "wasserstein_to_draws",
                                       "mean_error_max",
                                       "sd_error_max",
                                       "wasserstein_max",
                                       "c2st",
                                       "rhat_max",
                                       "ess_bulk_min",
                                       "gradient_evaluations",
                                       "seconds"};

bool is_key_metric(const std::string& name) {
  return std::find(std::begin(key_metrics), std::end(key_metrics), name) != std::end(key_metrics);
}

std::size_t display_rank(const std::string& name) {
  return std::size_t(std::find(std::begin(display_order), std::end(display_order), name) -
                     std::begin(display_order));
}

bool enters_averages(Ending ending) { return !is_failure(ending) && ending != Ending::skipped; }

/// A planned cell, with its result or without.
struct Item {
  std::size_t folder;
  std::string model, method;
  std::int64_t replicate;
  const CellSummary* cell;  ///< null when missing
  CellKeys keys;            ///< until items are selected
  std::string group;
};

std::vector<Item> collect_items(const std::vector<ResultFolder>& folders) {
  std::vector<Item> items;
  for (std::size_t f = 0; f < folders.size(); ++f) {
    std::map<std::pair<std::string, std::string>, CellKeys> of_variant;
    for (const CellSummary& cell : folders[f].cells) {
      items.push_back({f, cell.model, cell.method, cell.replicate, &cell, cell_keys(cell), ""});
      of_variant.try_emplace({cell.model, cell.method}, items.back().keys);
    }
    for (const MissingCell& cell : folders[f].missing) {
      // The options are those of a replicate that has a result.
      CellKeys keys = of_variant[{cell.model, cell.method}];
      keys["model"] = cell.model;
      keys["method"] = cell.method;
      keys["replicate"] = std::to_string(cell.replicate);
      keys["outcome"] = "missing";
      items.push_back({f, cell.model, cell.method, cell.replicate, nullptr, std::move(keys), ""});
    }
  }
  return items;
}

/// Leaves the selected items, and gives each the value of what `by` names.
void select_and_group(std::vector<Item>& items, const CompareRequest& request,
                      Comparison& comparison) {
  std::vector<CellKeys> keys;
  for (Item& item : items) keys.push_back(std::move(item.keys));
  comparison.by = items.empty() ? request.by : complete_key(request.by, keys);
  std::vector<WhereClause> selections;
  for (const std::string& text : request.where) selections.push_back(parse_where(text));
  const std::vector<bool> selected = select_cells(keys, selections);
  std::vector<Item> left;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (!selected[i]) continue;
    const auto value = keys[i].find(comparison.by);
    items[i].group = value == keys[i].end() ? "(without)" : value->second;
    left.push_back(std::move(items[i]));
  }
  if (left.empty() && !items.empty())
    throw Error("no cell fulfils all conditions of --where at once");
  items = std::move(left);
}

/// Replicates share their data when seed, model and replicate are the same.
std::string data_identity(const Item& item) {
  std::string identity = item.model + '\n' + std::to_string(item.replicate);
  const auto& configuration = item.cell->configuration;
  for (const char* key : {"seed", "model"})
    if (configuration.is_object() && configuration.contains(key))
      identity += '\n' + configuration.at(key).dump();
  return identity;
}

std::map<std::string, MetricInfo> metrics_of(const std::vector<Item>& items) {
  std::map<std::string, MetricInfo> all;
  for (const Item& item : items) {
    if (item.cell == nullptr) continue;
    for (const auto& [name, metric] : item.cell->metrics)
      all.try_emplace(name, MetricInfo{name, metric.unit, metric.help});
  }
  return all;
}

void choose_metrics(const std::vector<Item>& items, const CompareRequest& request,
                    Comparison& comparison) {
  const auto all = metrics_of(items);
  std::vector<std::string> names;
  for (const auto& [name, info] : all) names.push_back(name);
  std::stable_sort(names.begin(), names.end(),
                   [](const auto& a, const auto& b) { return display_rank(a) < display_rank(b); });
  std::vector<std::string> chosen;
  for (const std::string& name : request.metrics) {
    if (all.count(name) == 0)
      throw Error("no cell has the metric \"" + name + "\"" + suggestion(name, names));
    if (std::find(chosen.begin(), chosen.end(), name) == chosen.end()) chosen.push_back(name);
  }
  if (request.metrics.empty()) {
    const bool any_key = std::any_of(names.begin(), names.end(), is_key_metric);
    for (const std::string& name : names)
      if (request.every_metric || !any_key || is_key_metric(name)) chosen.push_back(name);
  }
  for (const std::string& name : chosen) comparison.metrics.push_back(all.at(name));
  for (const std::string& name : names)
    if (std::find(chosen.begin(), chosen.end(), name) == chosen.end())
      comparison.other_metrics.push_back(name);
}

/// A row with the items that it summarises.
struct RowItems {
  ComparedRow row;
  std::size_t folder = 0;
  std::vector<const Item*> finished;
};

std::vector<RowItems> make_rows(const std::vector<Item>& items,
                                const std::vector<ResultFolder>& folders) {
  std::vector<RowItems> rows;
  std::map<std::vector<std::string>, std::size_t> index;
  for (const Item& item : items) {
    const auto [entry, added] = index.try_emplace(
        {std::to_string(item.folder), item.group, item.model, item.method}, rows.size());
    if (added) {
      rows.emplace_back();
      rows.back().folder = item.folder;
      ComparedRow& row = rows.back().row;
      row.folder = folders[item.folder].name;
      row.model = item.model;
      row.method = item.method;
      row.group = item.group;
    }
    RowItems& row = rows[entry->second];
    if (item.cell == nullptr) {
      ++row.row.missing;
      continue;
    }
    ++row.row.outcomes[item.cell->outcome.ending];
    if (!enters_averages(item.cell->outcome.ending)) continue;
    ++row.row.finished;
    row.finished.push_back(&item);
  }
  return rows;
}

/// Names in order of first appearance.
class Order {
 public:
  void add(const std::string& name) { places_.try_emplace(name, places_.size()); }
  std::size_t operator()(const std::string& name) const { return places_.at(name); }

 private:
  std::map<std::string, std::size_t> places_;
};

/// Groups by first appearance, and within them the plan's order of models and methods: rows of
/// several folders for one method stand beside each other.
void sort_rows(std::vector<RowItems>& rows, const std::vector<ResultFolder>& folders) {
  Order groups, models, methods;
  for (const ResultFolder& folder : folders) {
    for (const std::string& name : folder.models) models.add(name);
    for (const std::string& name : folder.methods) methods.add(name);
  }
  for (const RowItems& row : rows) {
    groups.add(row.row.group);
    models.add(row.row.model);
    methods.add(row.row.method);
  }
  const auto place = [&](const RowItems& r) {
    return std::tuple(groups(r.row.group), models(r.row.model), methods(r.row.method), r.folder);
  };
  std::stable_sort(rows.begin(), rows.end(),
                   [&](const RowItems& a, const RowItems& b) { return place(a) < place(b); });
}

/// NaN where the cell does not have the metric.
Estimate value_of(const Item& item, const std::string& name) {
  const auto found = item.cell->metrics.find(name);
  if (found == item.cell->metrics.end()) return {not_a_number, not_a_number};
  return {found->second.value, found->second.mcse};
}

bool has_metric(const std::vector<const Item*>& items, const std::string& name) {
  return std::any_of(items.begin(), items.end(),
                     [&](const Item* item) { return item->cell->metrics.count(name) > 0; });
}

void summarise_row(RowItems& row, const std::vector<MetricInfo>& metrics) {
  for (const MetricInfo& info : metrics) {
    if (!has_metric(row.finished, info.name)) continue;
    std::vector<Estimate> values;
    for (const Item* item : row.finished) values.push_back(value_of(*item, info.name));
    row.row.metrics[info.name] = summarise(values);
  }
}

/// The finished cells of the baseline method by the data that they worked on: those of a row's own
/// folder come first, and those of other folders help where it has none.
class Partners {
 public:
  void add(const Item& item) {
    const std::string data = data_identity(item);
    anywhere_.emplace(data, &item);
    in_folder_.emplace(std::pair(item.folder, data), &item);
  }
  const Item* of(const Item& item) const {
    const std::string data = data_identity(item);
    if (const auto own = in_folder_.find({item.folder, data}); own != in_folder_.end())
      return own->second;
    const auto other = anywhere_.find(data);
    return other == anywhere_.end() ? nullptr : other->second;
  }

 private:
  std::map<std::string, const Item*> anywhere_;
  std::map<std::pair<std::size_t, std::string>, const Item*> in_folder_;
};

void summarise_differences(RowItems& row, const std::vector<MetricInfo>& metrics,
                           const Partners& partners) {
  std::vector<const Item*> partner;  // of each finished cell; null without one
  std::vector<const Item*> found;
  for (const Item* item : row.finished) {
    partner.push_back(partners.of(*item));
    if (partner.back() != nullptr) found.push_back(partner.back());
  }
  for (const MetricInfo& info : metrics) {
    if (!has_metric(row.finished, info.name) || !has_metric(found, info.name)) continue;
    std::vector<Estimate> differences;
    for (std::size_t i = 0; i < partner.size(); ++i) {
      const Estimate own = value_of(*row.finished[i], info.name);
      const Estimate other =
          partner[i] ? value_of(*partner[i], info.name) : Estimate{not_a_number, not_a_number};
      differences.push_back(
          {own.value - other.value, std::hypot(own.standard_error, other.standard_error)});
    }
    MetricSummary summary = summarise(differences);
    summary.difference = true;
    row.row.metrics[info.name] = summary;
  }
}

std::string find_baseline(const std::vector<RowItems>& rows, const CompareRequest& request) {
  const std::string& asked = *request.baseline;
  std::set<std::string> names, meant;
  for (const RowItems& row : rows) {
    names.insert(row.row.method);
    if (value_matches("method", row.row.method, asked)) meant.insert(row.row.method);
  }
  if (meant.count(asked) > 0) return asked;
  if (meant.size() == 1) return *meant.begin();
  if (meant.empty()) {
    const std::set<std::string> askable = askable_values("method", names);
    throw Error((request.where.empty() ? "no cell has" : "no cell that --where selects has") +
                std::string(" the method \"") + asked + "\" that --baseline names" +
                suggestion(asked, {askable.begin(), askable.end()}));
  }
  std::string text;
  for (const std::string& name : meant) text += (text.empty() ? "" : ", ") + name;
  throw Error("--baseline " + asked + " could mean " + text + "; give the full name");
}

std::string plural(std::size_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

/// The reasons of cells that are not settled, equal reasons together.
void note_failures(const std::vector<Item>& items, Comparison& comparison) {
  std::vector<std::string> texts;
  std::map<std::string, std::size_t> counts;
  for (const Item& item : items) {
    if (item.cell == nullptr || is_settled(item.cell->outcome.ending)) continue;
    const Outcome& outcome = item.cell->outcome;
    const std::string text = item.model + " / " + item.method + ": " + ending_name(outcome.ending) +
                             (outcome.reason.empty() ? "" : ": " + outcome.reason);
    if (++counts[text] == 1) texts.push_back(text);
  }
  for (const std::string& text : texts)
    comparison.notes.push_back(text +
                               (counts[text] > 1 ? " (" + plural(counts[text], "cell") + ")" : ""));
}

/// What settled cells have to say about their results. The figures in it differ from
/// replicate to replicate, so that each method's first cell speaks for the others.
void note_doubts(const std::vector<Item>& items, Comparison& comparison) {
  struct Doubt {
    std::string where, reason;
    std::size_t cells = 0;
  };
  std::vector<Doubt> doubts;
  for (const Item& item : items) {
    if (item.cell == nullptr || !is_settled(item.cell->outcome.ending)) continue;
    const Outcome& outcome = item.cell->outcome;
    if (outcome.reason.empty()) continue;
    const std::string where = item.model + " / " + item.method + ": " + ending_name(outcome.ending);
    auto found = std::find_if(doubts.begin(), doubts.end(),
                              [&](const Doubt& doubt) { return doubt.where == where; });
    if (found == doubts.end()) found = doubts.insert(found, {where, outcome.reason});
    ++found->cells;
  }
  for (const Doubt& doubt : doubts)
    comparison.notes.push_back(
        doubt.where + ": " + doubt.reason +
        (doubt.cells > 1 ? " (the first of " + plural(doubt.cells, "cell") + " with a reason)"
                         : ""));
}

void note_folders(const std::vector<ResultFolder>& folders, Comparison& comparison) {
  for (const ResultFolder& folder : folders) {
    const std::string where = folder.path.string() + ": ";
    if (folder.times_given > 1)
      comparison.notes.push_back(where + "given " + std::to_string(folder.times_given) +
                                 " times, shown once");
    if (!folder.has_plan)
      comparison.notes.push_back(where +
                                 "there is no plan.json; all cells of the folder are shown");
    if (folder.cells.empty() && folder.missing.empty())
      comparison.notes.push_back(where + "there are no cells");
    if (!folder.missing.empty())
      comparison.notes.push_back(where + plural(folder.missing.size(), "cell") + " of " +
                                 std::to_string(folder.missing.size() + folder.cells.size()) +
                                 " planned have no result yet; `elbow run` does what is missing");
    for (const std::filesystem::path& file : folder.unreadable)
      comparison.notes.push_back(
          file.string() + ": no complete cell file, counted as missing; `elbow index` says why");
    if (folder.left_out > 0)
      comparison.notes.push_back(where + plural(folder.left_out, "cell") +
                                 " of other versions of the experiment (not in plan.json) " +
                                 (folder.left_out == 1 ? "is" : "are") + " left out");
  }
}

/// Cells that were not made by the newest build of a plugin: they may not compare with the others.
void note_builds(const std::vector<Item>& items, Comparison& comparison) {
  struct Build {
    std::string digest, run_started;
  };
  const auto text_of = [](const nlohmann::ordered_json& json) {
    return json.is_string() ? json.get<std::string>() : std::string();
  };
  const auto for_each_build = [&](auto&& visit) {
    for (const Item& item : items) {
      if (item.cell == nullptr) continue;
      const auto& provenance = item.cell->provenance;
      if (!provenance.is_object() || !provenance.contains("plugins")) continue;
      const std::string started =
          provenance.contains("run_started") ? text_of(provenance.at("run_started")) : "";
      for (const auto& [name, digest] : provenance.at("plugins").items())
        visit(name, Build{text_of(digest), started});
    }
  };
  std::map<std::string, Build> newest;
  for_each_build([&](const std::string& name, const Build& build) {
    const auto [known, added] = newest.try_emplace(name, build);
    if (!added && build.run_started > known->second.run_started) known->second = build;
  });
  std::map<std::string, std::size_t> older;
  for_each_build([&](const std::string& name, const Build& build) {
    if (build.digest != newest.at(name).digest) ++older[name];
  });
  for (const auto& [name, count] : older)
    comparison.notes.push_back(plural(count, "cell") + (count == 1 ? " was" : " were") +
                               " made by an older build of " + name +
                               " than the others; `elbow run` makes them again");
}

void note_what_baseline_lacks(const std::vector<RowItems>& rows, Comparison& comparison) {
  std::string lacking;
  for (const MetricInfo& info : comparison.metrics) {
    const bool known = std::any_of(rows.begin(), rows.end(), [&](const RowItems& row) {
      return row.row.method == *comparison.baseline && has_metric(row.finished, info.name);
    });
    if (!known) lacking.append(lacking.empty() ? "" : ", ").append(info.name);
  }
  if (!lacking.empty())
    comparison.notes.push_back("the baseline " + *comparison.baseline + " has no " + lacking +
                               ": without --baseline their values are shown");
}

}  // namespace

Comparison compare(const std::vector<ResultFolder>& folders, const CompareRequest& request) {
  Comparison comparison;
  comparison.several_folders = folders.size() > 1;
  std::vector<Item> items = collect_items(folders);
  select_and_group(items, request, comparison);
  choose_metrics(items, request, comparison);
  std::vector<RowItems> rows = make_rows(items, folders);
  sort_rows(rows, folders);
  Partners partners;
  if (request.baseline) {
    comparison.baseline = find_baseline(rows, request);
    for (const RowItems& row : rows)
      if (row.row.method == *comparison.baseline)
        for (const Item* item : row.finished) partners.add(*item);
  }
  if (comparison.baseline) note_what_baseline_lacks(rows, comparison);
  for (RowItems& row : rows) {
    row.row.is_baseline = comparison.baseline && row.row.method == *comparison.baseline;
    if (comparison.baseline && !row.row.is_baseline)
      summarise_differences(row, comparison.metrics, partners);
    else
      summarise_row(row, comparison.metrics);
    comparison.rows.push_back(std::move(row.row));
  }
  note_failures(items, comparison);
  note_folders(folders, comparison);
  note_builds(items, comparison);
  note_doubts(items, comparison);
  for (const ResultFolder& folder : folders)
    comparison.impossible.insert(comparison.impossible.end(), folder.impossible.begin(),
                                 folder.impossible.end());
  return comparison;
}

}  // namespace elbow
