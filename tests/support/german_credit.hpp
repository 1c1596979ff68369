#pragma once

#include <cstdlib>
#include <fstream>
#include <optional>

#include "support/minibatch_checks.hpp"

namespace elbow::test {

/// Logistic regression of the German credit data, numeric: 1000 rows, 24 columns and the label.
/// Empty where $ELBOW_DATA does not hold the file, after a warning that says so.
inline std::optional<Built<Model>> german_credit() {
  const char* const folder = std::getenv("ELBOW_DATA");
  std::ifstream file(std::string(folder ? folder : ".") + "/uci/german.data-numeric");
  if (!file) {
    WARN("TEST SKIPPED: $ELBOW_DATA/uci/german.data-numeric is not there");
    return {};
  }
  Eigen::MatrixXd values(1000, 25);
  for (Index i = 0; i < 1000; ++i)
    for (Index j = 0; j < 25; ++j) file >> values(i, j);
  REQUIRE(file);
  std::vector<std::string> columns;
  for (int j = 1; j <= 25; ++j) columns.push_back(std::to_string(j));
  return model("logistic_regression", {{"data", table(columns, std::move(values))}});
}

}  // namespace elbow::test
