#pragma once

#include <cstdint>

namespace elbow {

/// Where something was written: in the experiment file, or in an override of the command line.
struct Place {
  std::uint32_t line = 0;        ///< from 1; 0 when it is nowhere in the file
  std::uint32_t column = 0;      ///< from 1
  std::uint32_t set_number = 0;  ///< from 1: the how-manieth --set it came from; 0: from the file

  friend bool operator==(const Place&, const Place&) = default;
};

}  // namespace elbow
