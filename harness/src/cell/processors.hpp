#pragma once

#include <elbow/types.hpp>
#include <functional>

namespace elbow {

/// Processors that a cell may use beside the one that its own process has.
struct Processors {
  /// Takes up to `most` that no one uses. @return how many it got, perhaps none
  std::function<Index(Index most)> take = [](Index) { return Index(0); };
  /// Gives back all that were taken.
  std::function<void()> give_back = [] {};
};

}  // namespace elbow
