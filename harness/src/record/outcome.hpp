#pragma once

#include <string>

namespace elbow {

/// How a cell ended. Always in the results.
enum class Ending {
  converged,
  budget_spent,
  diverged,
  non_finite,
  timed_out,
  out_of_memory,
  crashed,  ///< with the signal
  failed,   ///< with the message
  skipped,  ///< with the reason
};

struct Outcome {
  Ending ending = Ending::failed;
  std::string reason;  ///< empty for converged and budget_spent where there is nothing to add
};

const char* ending_name(Ending ending);
/// @throws Error for a name that is none.
Ending ending_from_name(const std::string& name);
/// Whether a resumed run does the cell again: crashed, failed, timed_out and out_of_memory.
bool is_failure(Ending ending);
/// Whether a cell ended as its method means to, converged or budget_spent: the others may be
/// anywhere.
bool is_settled(Ending ending);

}  // namespace elbow
