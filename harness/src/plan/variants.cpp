#include "plan/variants.hpp"

#include <algorithm>

namespace elbow {
namespace {

/// Axes that advance together: one alone, or all of one zip name.
struct Dimension {
  AxisKind kind;
  std::string zip;
  std::uint32_t length;
  std::vector<std::size_t> members;  ///< indices of slots, or of `Selection::values`
};

void add_axis(std::vector<Dimension>& dimensions, const Axis& axis, std::size_t length,
              std::size_t member) {
  if (!axis.zip.empty()) {
    const auto same = std::find_if(dimensions.begin(), dimensions.end(),
                                   [&](const Dimension& d) { return d.zip == axis.zip; });
    if (same != dimensions.end()) {
      same->members.push_back(member);
      return;
    }
  }
  dimensions.push_back({axis.kind, axis.zip, std::uint32_t(length), {member}});
}

std::vector<Dimension> slot_dimensions(const Block& block) {
  std::vector<Dimension> dimensions;
  for (std::size_t i = 0; i < block.slots.size(); ++i)
    if (block.slots[i].axis.kind != AxisKind::fixed)
      add_axis(dimensions, block.slots[i].axis, block.slots[i].choices.size(), i);
  return dimensions;
}

/// Walks a product of dimensions in which at most one ablated dimension is off its base.
/// @param index  [dimensions.size()]  where the walk is
template <class Leaf>
void walk(const std::vector<Dimension>& dimensions, std::size_t depth, bool ablated,
          std::vector<std::uint32_t>& index, const Leaf& leaf) {
  if (depth == dimensions.size()) return leaf(ablated);
  const bool may_change = dimensions[depth].kind == AxisKind::each || !ablated;
  for (std::uint32_t i = 0; i < (may_change ? dimensions[depth].length : 1); ++i) {
    index[depth] = i;
    walk(dimensions, depth + 1, ablated || (dimensions[depth].kind == AxisKind::ablate && i > 0),
         index, leaf);
  }
}

/// The number of points that `walk` visits from an unablated or an ablated start.
double count(const std::vector<Dimension>& dimensions, bool ablated) {
  double product = 1, changes = 0;
  for (const Dimension& dimension : dimensions) {
    if (dimension.kind == AxisKind::each) product *= dimension.length;
    if (dimension.kind == AxisKind::ablate && !ablated) changes += dimension.length - 1.0;
  }
  return product * (1 + changes);
}

class Expansion {
 public:
  explicit Expansion(const Block& block) : block_(block), slots_(slot_dimensions(block)) {
    selection_.choices.assign(block.slots.size(), 0);
  }

  /// @param inner  called with the dimensions inside the chosen plugins, for every choice of
  /// plugins
  template <class Inner>
  void for_each_choice(const Inner& inner) {
    std::vector<std::uint32_t> index(slots_.size());
    walk(slots_, 0, false, index, [&](bool ablated) {
      for (std::size_t d = 0; d < slots_.size(); ++d)
        for (std::size_t slot : slots_[d].members) selection_.choices[slot] = index[d];
      activate_axes();
      inner(ablated, bind_zips(index));
    });
  }

  /// Visits the points of the dimensions inside the chosen plugins.
  void visit_inner(bool ablated, const std::vector<Dimension>& dimensions,
                   const std::function<void(const Selection&)>& visit) {
    std::vector<std::uint32_t> index(dimensions.size());
    walk(dimensions, 0, ablated, index, [&](bool is_ablated) {
      for (std::size_t d = 0; d < dimensions.size(); ++d)
        for (std::size_t value : dimensions[d].members) selection_.values[value].value = index[d];
      selection_.ablated = is_ablated;
      visit(selection_);
    });
  }

  double count_slots() const { return count(slots_, false); }

 private:
  void activate_axes() {
    selection_.values.clear();
    const auto add = [&](const Slot* slot, const std::vector<Setting>& settings) {
      for (const Setting& setting : settings)
        if (setting.axis.kind != AxisKind::fixed) selection_.values.push_back({slot, &setting, 0});
    };
    for (std::size_t i = 0; i < block_.slots.size(); ++i)
      add(&block_.slots[i], block_.slots[i].choices[selection_.choices[i]].settings);
    add(nullptr, block_.settings);
  }

  /// The dimensions of the active axes; axes zipped with a slot take the slot's index instead.
  std::vector<Dimension> bind_zips(const std::vector<std::uint32_t>& slot_index) {
    std::vector<Dimension> dimensions;
    for (std::size_t i = 0; i < selection_.values.size(); ++i) {
      const Setting& setting = *selection_.values[i].setting;
      const auto bound = std::find_if(slots_.begin(), slots_.end(), [&](const Dimension& d) {
        return !d.zip.empty() && d.zip == setting.axis.zip;
      });
      if (bound != slots_.end())
        selection_.values[i].value = slot_index[std::size_t(bound - slots_.begin())];
      else
        add_axis(dimensions, setting.axis, setting.values.size(), i);
    }
    return dimensions;
  }

  const Block& block_;
  std::vector<Dimension> slots_;
  Selection selection_;
};

}  // namespace

double count_variants(const Block& block) {
  Expansion expansion(block);
  // Counting visits the choices of plugins; so many of them are too many already.
  if (const double choices = expansion.count_slots(); choices > 1e7) return choices;
  double total = 0;
  expansion.for_each_choice([&](bool ablated, const std::vector<Dimension>& dimensions) {
    total += count(dimensions, ablated);
  });
  return total;
}

void for_each_variant(const Block& block, const std::function<void(const Selection&)>& visit) {
  Expansion expansion(block);
  expansion.for_each_choice([&](bool ablated, const std::vector<Dimension>& dimensions) {
    expansion.visit_inner(ablated, dimensions, visit);
  });
}

}  // namespace elbow
