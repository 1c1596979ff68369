#include "record/outcome.hpp"

#include <array>
#include <elbow/error.hpp>
#include <utility>

namespace elbow {
namespace {

constexpr std::array<std::pair<Ending, const char*>, 9> names{{
    {Ending::converged, "converged"},
    {Ending::budget_spent, "budget_spent"},
    {Ending::diverged, "diverged"},
    {Ending::non_finite, "non_finite"},
    {Ending::timed_out, "timed_out"},
    {Ending::out_of_memory, "out_of_memory"},
    {Ending::crashed, "crashed"},
    {Ending::failed, "failed"},
    {Ending::skipped, "skipped"},
}};

}  // namespace

const char* ending_name(Ending ending) {
  for (const auto& [value, name] : names)
    if (value == ending) return name;
  throw Error("an outcome has the number " + std::to_string(static_cast<int>(ending)) +
              ", which is none");
}

Ending ending_from_name(const std::string& text) {
  for (const auto& [value, name] : names)
    if (text == name) return value;
  std::string known;
  for (const auto& entry : names) known += (known.empty() ? "" : ", ") + std::string(entry.second);
  throw Error("expected an outcome (" + known + "), got \"" + text + "\"");
}

bool is_failure(Ending ending) {
  switch (ending) {
    case Ending::timed_out:
    case Ending::out_of_memory:
    case Ending::crashed:
    case Ending::failed:
      return true;
    case Ending::converged:
    case Ending::budget_spent:
    case Ending::diverged:
    case Ending::non_finite:
    case Ending::skipped:
      return false;
  }
  return false;
}

bool is_settled(Ending ending) {
  return ending == Ending::converged || ending == Ending::budget_spent;
}

}  // namespace elbow
