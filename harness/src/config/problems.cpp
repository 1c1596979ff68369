#include "config/problems.hpp"

#include <algorithm>
#include <tuple>

namespace elbow {
namespace {

std::string join(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += (text.empty() ? "" : "\n") + line;
  return text;
}

auto order(const Place& place) { return std::tuple(place.set_number, place.line, place.column); }

}  // namespace

ExperimentError::ExperimentError(std::vector<std::string> problems)
    : Error(join(problems)), problems_(std::move(problems)) {}

void Problems::add(const Place& place, std::string text) {
  found_.push_back({place, std::move(text)});
}

void Problems::throw_if_any() const {
  if (found_.empty()) return;
  std::vector<Problem> sorted = found_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Problem& a, const Problem& b) {
    return order(a.place) < order(b.place);
  });
  std::vector<std::string> lines;
  for (const Problem& problem : sorted) {
    std::string line = file_;
    if (problem.place.set_number > 0)
      line = "--set " + overrides_.at(problem.place.set_number - 1);
    else if (problem.place.line > 0)
      line.append(":")
          .append(std::to_string(problem.place.line))
          .append(":")
          .append(std::to_string(problem.place.column));
    if (!line.empty()) line.append(": ");
    line.append(problem.text);
    if (std::find(lines.begin(), lines.end(), line) == lines.end()) lines.push_back(line);
  }
  throw ExperimentError(std::move(lines));
}

}  // namespace elbow
