#pragma once

#include <elbow/error.hpp>
#include <string>
#include <vector>

#include "config/place.hpp"

namespace elbow {

/// Everything that is wrong with one experiment. `what()` holds one line per problem.
class ExperimentError : public Error {
 public:
  explicit ExperimentError(std::vector<std::string> problems);
  const std::vector<std::string>& problems() const { return problems_; }

 private:
  std::vector<std::string> problems_;
};

/// Collects what is wrong with an experiment, so that all of it is reported at once.
class Problems {
 public:
  /// @param file       the experiment's name in the texts; may be empty
  /// @param overrides  the arguments of --set, as given
  Problems(std::string file, std::vector<std::string> overrides)
      : file_(std::move(file)), overrides_(std::move(overrides)) {}

  void add(const Place& place, std::string text);
  bool empty() const { return found_.empty(); }

  /// @throws ExperimentError with every problem as `file:line:column: text` or `--set k=v: text`,
  /// in the order of the file, each once.
  void throw_if_any() const;

 private:
  struct Problem {
    Place place;
    std::string text;
  };

  std::string file_;
  std::vector<std::string> overrides_;
  std::vector<Problem> found_;
};

}  // namespace elbow
