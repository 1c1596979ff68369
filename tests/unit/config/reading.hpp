#pragma once

#include "config/read_experiment.hpp"
#include "unit/config/example_catalog.hpp"

namespace elbow {

/// Data exist when their name begins with "data"; their digest is made of the name, not of where
/// they lie. Nothing is read.
inline DataFile example_data(const DataRequest& request) {
  if (!request.file.starts_with("data")) throw Error("\"" + request.file + "\" was not found");
  return {"/somewhere/" + request.file, "sha-of-" + request.file};
}

inline Experiment read_example(const std::string& text,
                               const std::vector<std::string>& overrides = {}) {
  return read_experiment("a.toml", text, overrides, example_catalog(), example_data);
}

/// What is wrong with an experiment; empty when nothing is.
inline std::vector<std::string> problems_of(const std::string& text,
                                            const std::vector<std::string>& overrides = {}) {
  try {
    read_example(text, overrides);
    return {};
  } catch (const ExperimentError& error) {
    return error.problems();
  }
}

}  // namespace elbow
