#pragma once

#include <elbow/option.hpp>
#include <elbow/random.hpp>
#include <string>
#include <vector>

namespace elbow {

/// The covariates of a regression, and its response where it comes from a table.
struct DesignMatrix {
  Eigen::MatrixXd x;               ///< [N x D], the intercept's column of ones last
  Eigen::VectorXd response;        ///< [N] as in the table; empty when the data are generated
  std::vector<std::string> names;  ///< [D] of the columns; "intercept" for the column of ones
};

/// The options that regressions share: data, response, standardize, intercept, items, dimension.
std::vector<Option> design_options();

/// The design matrix that the shared options describe: from the table `data`, or standard normal
/// covariates from `stream`. With `standardize` every column has mean 0 and standard deviation 1
/// (of the N rows, not N - 1).
/// @throws OptionError for an unknown response column, numbers that are not finite and constant
/// columns that cannot be standardised, with the column named.
DesignMatrix design_matrix(const Options& options, RandomStream stream);

/// The column of a name, for models of one series or sample: where there is only one column, its
/// name does not matter.
/// @throws OptionError when there is none of the name, no row, or a number that is not finite.
Eigen::VectorXd table_column(const Table& table, const std::string& name);

}  // namespace elbow
