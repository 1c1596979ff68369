#include "plan/make_plan.hpp"

#include <algorithm>
#include <cstdio>
#include <unordered_map>
#include <unordered_set>

#include "config/problems.hpp"
#include "plan/cell_hash.hpp"
#include "plan/compatibility.hpp"
#include "plan/exclusion.hpp"
#include "plan/resolve.hpp"
#include "plan/variant_names.hpp"
#include "plan/variants.hpp"

namespace elbow {
namespace {

std::string count_text(double count) {
  char text[400];
  std::snprintf(text, sizeof text, "%.0f", count);
  return text;
}

/// A variant in one grid.
struct Entry {
  std::uint32_t variant;
  bool ablated;
};

/// The distinct variants of all grids.
template <class Variant>
struct Variants {
  std::vector<Variant> list;
  std::vector<std::string> digests;
  std::unordered_map<std::string, std::uint32_t> by_digest;

  std::uint32_t add(std::string digest, Variant variant) {
    const auto [found, is_new] = by_digest.try_emplace(std::move(digest), list.size());
    if (is_new) {
      digests.push_back(found->first);
      list.push_back(std::move(variant));
    }
    return found->second;
  }
};

class Planner {
 public:
  Planner(const Experiment& experiment, const Catalog& catalog)
      : experiment_(experiment),
        catalog_(catalog),
        problems_(experiment.file.string(), experiment.overrides),
        hash_(experiment.seed, experiment.evaluation) {}

  Plan make() {
    refuse_huge_grids();
    std::vector<std::vector<Entry>> models, methods;
    for (const Grid& grid : experiment_.grids) {
      models.push_back(expand_models(grid));
      methods.push_back(expand_methods(grid));
    }
    for (const ModelVariant& model : models_.list) offers_.push_back(offer_of(model, catalog_));
    for (const MethodVariant& method : methods_.list) {
      needs_.push_back(needs_of(method, catalog_));
      if (is_calibration(experiment_.evaluation))
        add_needs_of_calibration(experiment_.evaluation.at("calibration_draws"), method, catalog_,
                                 needs_.back());
    }
    for (const Exclude& exclude : experiment_.excludes)
      exclusions_.emplace_back(exclude, models_.list, methods_.list);
    plan_.repeats = 0;
    for (std::size_t g = 0; g < experiment_.grids.size(); ++g)
      add_cells(experiment_.grids[g], models[g], methods[g]);
    for (std::size_t i = 0; i < exclusions_.size(); ++i)
      if (!exclusions_[i].has_matched())
        problems_.add(experiment_.excludes[i].place, "this [[exclude]] matches no cell");
    if (problems_.empty() && plan_.cells.empty() && plan_.impossible.empty())
      problems_.add({1, 1, 0}, "every cell is excluded; nothing is left to run");
    problems_.throw_if_any();
    return finish();
  }

 private:
  void refuse_huge_grids() {
    double total = 0;
    for (const Grid& grid : experiment_.grids) {
      const auto count = [&](const std::vector<Block>& blocks, const char* kind) {
        double variants = 0;
        for (const Block& block : blocks) variants += count_variants(block);
        if (variants > most_variants)
          problems_.add(grid.place, std::string("the grid has ") + count_text(variants) + " " +
                                        kind + "s, more than the " + count_text(most_variants) +
                                        " that are allowed");
        return variants;
      };
      const double models = count(grid.models, "model");
      const double methods = count(grid.methods, "method");
      total += models * methods * grid.repeats;
      if (total > most_cells)
        problems_.add(grid.place, "the grid has " + count_text(total) + " cells (" +
                                      count_text(models) + " models, " + count_text(methods) +
                                      " methods, " + std::to_string(grid.repeats) +
                                      " replicates), more than the " + count_text(most_cells) +
                                      " that are allowed");
    }
    problems_.throw_if_any();
  }

  std::vector<Entry> expand_models(const Grid& grid) {
    std::vector<Entry> entries;
    for (const Block& block : grid.models) {
      const BlockResolver resolver(block, catalog_);
      for_each_variant(block, [&](const Selection& selection) {
        ModelVariant variant = resolver.model(selection);
        variant.axes = resolver.axes(selection);
        std::string digest = model_digest(block.name, variant);
        entries.push_back({models_.add(std::move(digest), std::move(variant)), selection.ablated});
      });
    }
    return entries;
  }

  std::vector<Entry> expand_methods(const Grid& grid) {
    std::vector<Entry> entries;
    for (const Block& block : grid.methods) {
      const BlockResolver resolver(block, catalog_);
      for_each_variant(block, [&](const Selection& selection) {
        MethodVariant variant = resolver.method(selection);
        variant.axes = resolver.axes(selection);
        std::string digest = method_digest(block.name, variant);
        entries.push_back({methods_.add(std::move(digest), std::move(variant)), selection.ablated});
      });
    }
    return entries;
  }

  void add_cells(const Grid& grid, const std::vector<Entry>& models,
                 const std::vector<Entry>& methods) {
    plan_.repeats = std::max(plan_.repeats, grid.repeats);
    for (const Entry& model : models)
      for (const Entry& method : methods)
        if (!(model.ablated && method.ablated)) add_pair(model.variant, method.variant, grid);
  }

  void add_pair(std::uint32_t model, std::uint32_t method, const Grid& grid) {
    // Replicates of a pair that an earlier grid, or an equal variant of this one, has added.
    std::uint32_t first = 0;
    std::uint32_t& done = replicates_[std::uint64_t(model) << 32 | method];
    if (done >= grid.repeats) return;
    std::swap(first, done);
    done = grid.repeats;

    pair_exclusions_.clear();
    for (Exclusion& exclusion : exclusions_)
      if (exclusion.matches_pair(model, method)) pair_exclusions_.push_back(&exclusion);
    std::string reason;
    bool is_checked = false;
    for (std::uint32_t replicate = first; replicate < grid.repeats; ++replicate) {
      bool is_excluded = false;
      for (Exclusion* exclusion : pair_exclusions_) is_excluded |= exclusion->matches(replicate);
      if (is_excluded) continue;
      if (!is_checked) reason = why_impossible(offers_[model], needs_[method], catalog_);
      is_checked = true;
      if (reason.empty()) {
        plan_.cells.push_back({hash_(models_.digests[model], methods_.digests[method], replicate),
                               model, method, replicate});
      } else if (reported_.insert(std::uint64_t(model) << 32 | method).second) {
        plan_.impossible.push_back({model, method, reason});
      }
    }
  }

  Plan finish() {
    plan_.experiment_file = experiment_.file;
    plan_.experiment_text = experiment_.text;
    plan_.title = experiment_.title;
    plan_.seed = experiment_.seed;
    plan_.limits.wall_seconds = experiment_.limits.at("wall_seconds");
    plan_.limits.memory_mb = experiment_.limits.at("memory_mb");
    plan_.limits.snapshot_seconds = experiment_.limits.at("snapshot_seconds");
    plan_.evaluation = experiment_.evaluation;
    name_variants(models_.list);
    name_variants(methods_.list);
    plan_.models = std::move(models_.list);
    plan_.methods = std::move(methods_.list);
    return std::move(plan_);
  }

  const Experiment& experiment_;
  const Catalog& catalog_;
  Problems problems_;
  CellHasher hash_;
  Variants<ModelVariant> models_;
  Variants<MethodVariant> methods_;
  std::vector<ModelOffer> offers_;
  std::vector<MethodNeeds> needs_;
  std::vector<Exclusion> exclusions_;
  std::vector<Exclusion*> pair_exclusions_;
  std::unordered_map<std::uint64_t, std::uint32_t> replicates_;  ///< by pair
  std::unordered_set<std::uint64_t> reported_;                   ///< impossible pairs
  Plan plan_;
};

}  // namespace

Plan make_plan(const Experiment& experiment, const Catalog& catalog) {
  return Planner(experiment, catalog).make();
}

}  // namespace elbow
