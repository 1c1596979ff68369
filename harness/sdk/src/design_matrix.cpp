#include <algorithm>
#include <charconv>
#include <cmath>
#include <elbow/design_matrix.hpp>
#include <elbow/error.hpp>
#include <sstream>

namespace elbow {
namespace {

template <class... Parts>
[[noreturn]] void refuse_option(const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  throw OptionError(text.str());
}

std::string first_names(const std::vector<std::string>& names) {
  std::string list;
  for (std::size_t i = 0; i < names.size() && i < 20; ++i)
    list.append(i > 0 ? ", " : "").append(names[i]);
  return names.size() > 20 ? list.append(", ...") : list;
}

Index response_column(const Options& options, const Table& table) {
  const Index columns = Index(table.columns.size());
  if (!options.has("response")) return columns - 1;
  const std::string& name = options.text("response");
  const auto found = std::find(table.columns.begin(), table.columns.end(), name);
  if (found != table.columns.end()) return found - table.columns.begin();
  Index number = 0;
  const auto parsed = std::from_chars(name.data(), name.data() + name.size(), number);
  if (parsed.ec == std::errc() && parsed.ptr == name.data() + name.size() && number >= 1 &&
      number <= columns)
    return number - 1;
  refuse_option("response must be one of the table's ", columns, " columns or its number, got \"",
                name, "\"; the columns are ", first_names(table.columns));
}

void check_finite(const Table& table) {
  for (Index j = 0; j < table.values.cols(); ++j)
    for (Index i = 0; i < table.values.rows(); ++i)
      if (!std::isfinite(table.values(i, j)))
        refuse_option("data must be finite numbers, got ", table.values(i, j), " in row ", i + 1,
                      " of column \"", table.columns[std::size_t(j)], "\"");
}

void standardize(Eigen::Ref<Eigen::VectorXd> column, const std::string& name) {
  const double mean = column.mean();
  const double largest = column.cwiseAbs().maxCoeff();
  column.array() -= mean;
  const double sd = std::sqrt(column.squaredNorm() / double(column.size()));
  if (sd <= 1e-14 * largest)
    refuse_option("column \"", name, "\" is constant (", mean,
                  ") and cannot be standardised; leave it out, or set standardize = false");
  column /= sd;
}

}  // namespace

std::vector<Option> design_options() {
  return {
      table("data", optional, "covariates and response; generated when absent"),
      text("response", optional,
           "the response's column, by name or by number from 1; the last one by default"),
      boolean("standardize", true, "give every covariate mean 0 and standard deviation 1"),
      boolean("intercept", true, "append a column of ones"),
      integer("items", 1000, "generated data: number of rows").at_least(1),
      integer("dimension", 10, "generated data: number of coefficients, the intercept's included")
          .at_least(1),
  };
}

DesignMatrix design_matrix(const Options& options, RandomStream stream) {
  const Index intercept = options.boolean("intercept");
  DesignMatrix design;
  if (options.has("data")) {
    const Table& table = options.table("data");
    const Index response = response_column(options, table);
    check_finite(table);
    const Index covariates = table.values.cols() - 1;
    if (table.values.rows() == 0) throw OptionError("data must have at least one row, got none");
    if (covariates + intercept == 0)
      throw OptionError("data must have a column besides the response when intercept = false");
    design.response = table.values.col(response);
    design.x.resize(table.values.rows(), covariates + intercept);
    design.x.leftCols(response) = table.values.leftCols(response);
    design.x.middleCols(response, covariates - response) =
        table.values.rightCols(covariates - response);
    design.names = table.columns;
    design.names.erase(design.names.begin() + response);
  } else {
    const Index covariates = options.integer("dimension") - intercept;
    design.x.resize(options.integer("items"), covariates + intercept);
    stream.fill_normal(design.x.leftCols(covariates));
    for (Index j = 1; j <= covariates; ++j)
      design.names.push_back(std::string("x").append(std::to_string(j)));
  }
  if (options.boolean("standardize"))
    for (Index j = 0; j < design.x.cols() - intercept; ++j)
      standardize(design.x.col(j), design.names[std::size_t(j)]);
  if (intercept) {
    design.x.rightCols(1).setOnes();
    design.names.push_back("intercept");
  }
  return design;
}

Eigen::VectorXd table_column(const Table& table, const std::string& name) {
  auto found = std::find(table.columns.begin(), table.columns.end(), name);
  if (found == table.columns.end() && table.columns.size() == 1) found = table.columns.begin();
  if (found == table.columns.end())
    refuse_option("data must have a column \"", name, "\"; the columns are ",
                  first_names(table.columns));
  const Eigen::VectorXd values = table.values.col(found - table.columns.begin());
  if (values.size() == 0) throw OptionError("data must have at least one row, got none");
  for (Index i = 0; i < values.size(); ++i)
    if (!std::isfinite(values[i]))
      refuse_option("data must be finite numbers, got ", values[i], " in row ", i + 1,
                    " of column \"", *found, "\"");
  return values;
}

}  // namespace elbow
