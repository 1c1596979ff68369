#pragma once

#include <sstream>
#include <string>

namespace elbow::check {

enum class Verdict { passed, failed, not_applicable };

/// What one check found. `detail` holds its figures, or the reason why it does not apply.
struct Outcome {
  Verdict verdict;
  std::string detail;
};

/// An outcome with its place: the suite that was running and the sentence that was checked.
struct Finding {
  std::string suite;
  std::string name;
  Outcome outcome;
};

/// The parts behind each other; numbers with three significant digits.
template <class... Parts>
std::string say(const Parts&... parts) {
  std::ostringstream out;
  out.precision(3);
  ((out << parts), ...);
  return out.str();
}

template <class... Parts>
Outcome passed(const Parts&... parts) {
  return {Verdict::passed, say(parts...)};
}
template <class... Parts>
Outcome failed(const Parts&... parts) {
  return {Verdict::failed, say(parts...)};
}
template <class... Parts>
Outcome not_applicable(const Parts&... parts) {
  return {Verdict::not_applicable, say(parts...)};
}
template <class... Parts>
Outcome judge(bool good, const Parts&... parts) {
  return {good ? Verdict::passed : Verdict::failed, say(parts...)};
}

}  // namespace elbow::check
