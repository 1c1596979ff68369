#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "config/experiment.hpp"

namespace elbow {

/// One point of a block's grid: which choice and which value every slot and setting has.
struct Selection {
  /// An option that is an axis, with the index of its value here.
  struct Chosen {
    const Slot* slot;  ///< null for an option of the host
    const Setting* setting;
    std::uint32_t value;
  };

  std::vector<std::uint32_t> choices;  ///< one per slot of the block
  std::vector<Chosen> values;          ///< of the active axes, in the order of the file
  bool ablated = false;                ///< an ablated axis is off its base
};

/// The number of points of a block's grid, found without visiting them; as a floating-point number,
/// because it may be any product.
double count_variants(const Block& block);

/// Visits the points of a block's grid, the first axis varying slowest. Linear in their number.
void for_each_variant(const Block& block, const std::function<void(const Selection&)>& visit);

}  // namespace elbow
