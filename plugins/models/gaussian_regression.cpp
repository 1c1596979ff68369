#include <algorithm>
#include <charconv>
#include <elbow/design_matrix.hpp>
#include <elbow/elbow.hpp>
#include <elbow/gaussian_regression.hpp>

namespace {

using namespace elbow;
using Eigen::MatrixXd;
using Eigen::VectorXd;

std::vector<Option> options() {
  return {
      table("data", optional, "covariates and response; generated when absent"),
      text("response", "y", "the response's column"),
      text("covariates", optional,
           "columns of X, separated by commas: a column's name, 1 for the intercept, a == 2 for an "
           "indicator, a * b for a product; by default every column but the response"),
      choice("coefficient_prior", {"normal", "flat"}, "of every coefficient"),
      real("coefficient_scale", 10, "standard deviation of the normal prior").above(0),
      choice("noise_prior", {"half_normal", "half_cauchy", "flat"}, "of sigma"),
      real("noise_scale", 10, "scale of sigma's half-normal or half-Cauchy prior").above(0),
      integer("items", 100, "generated: number of rows").at_least(1),
      integer("dimension", 5, "generated: number of covariates; true coefficients and sigma are 1")
          .at_least(1),
  };
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

/// Parts of a text between separators, without blanks around them.
std::vector<std::string> split(std::string_view text, std::string_view separator) {
  std::vector<std::string> parts;
  for (std::size_t at = text.find(separator); at != text.npos; at = text.find(separator)) {
    parts.emplace_back(trimmed(text.substr(0, at)));
    text.remove_prefix(at + separator.size());
  }
  parts.emplace_back(trimmed(text));
  return parts;
}

/// @param option  that names the column
VectorXd named_column(const Table& table, const std::string& name, const char* option) {
  if (std::find(table.columns.begin(), table.columns.end(), name) != table.columns.end())
    return table_column(table, name);
  std::string list;
  for (const std::string& column : table.columns) list += (list.empty() ? "" : ", ") + column;
  throw OptionError(std::string(option) + ": there is no column \"" + name +
                    "\"; the columns are " + list);
}

/// One factor of a covariate: "1", a column's name, or "column == number".
VectorXd factor(const Table& table, const std::string& text) {
  if (text == "1") return VectorXd::Ones(table.values.rows());
  const std::vector<std::string> sides = split(text, "==");
  if (sides.size() == 1) return named_column(table, text, "covariates");
  double value = 0;
  const char* const end = sides[1].data() + sides[1].size();
  const auto read = std::from_chars(sides[1].data(), end, value);
  if (sides.size() > 2 || read.ec != std::errc() || read.ptr != end)
    throw OptionError("covariates: expected \"column == number\", got \"" + text + "\"");
  return (named_column(table, sides[0], "covariates").array() == value).cast<double>();
}

/// y_i ~ N(x_i . beta, sigma^2), sigma unknown. The covariates are taken as they are: neither
/// standardised nor with an intercept that is not asked for.
class RegressionModel final : public Model {
 public:
  explicit RegressionModel(const ModelSetup& setup)
      : design_(design(setup)),
        truth_(setup.from_prior ? draw_responses(setup, design_) : VectorXd()),
        posterior_(posterior(setup.options, design_)) {}

  Density* density() override { return &posterior_; }
  Reference* reference() override { return &posterior_; }
  VectorXd truth() const override { return truth_; }
  std::vector<DataArray> data() const override {
    const Index items = design_.x.rows(), columns = design_.x.cols();
    std::vector<DataArray> all = {{{"y", {items}, {"item"}, ""}, design_.response}};
    if (design_.x.size() <= 1'000'000)
      all.push_back(
          {{"x", {items, columns}, {"item", "coefficient"}, ""}, design_.x.reshaped(), false});
    return all;
  }
  std::vector<Coordinate> coordinates() const override { return {{"coefficient", design_.names}}; }

 private:
  static DesignMatrix design(const ModelSetup& setup) {
    const Options& o = setup.options;
    DesignMatrix made;
    if (!o.has("data")) {
      made.x.resize(o.integer("items"), o.integer("dimension"));
      made.response.resize(made.x.rows());
      setup.data_stream.substream(0).fill_normal(made.x);
      setup.data_stream.substream(1).fill_normal(made.response);
      made.response += made.x.rowwise().sum();
      for (Index j = 1; j <= made.x.cols(); ++j)
        made.names.push_back(std::string("x").append(std::to_string(j)));
      return made;
    }
    const Table& table = o.table("data");
    const std::string& response = o.text("response");
    if (o.has("covariates")) {
      made.names = split(o.text("covariates"), ",");
    } else {
      made.names = table.columns;
      std::erase(made.names, response);
    }
    made.response = named_column(table, response, "response");
    if (made.names.empty()) throw OptionError("data must have a column besides the response");
    made.x.resize(made.response.size(), Index(made.names.size()));
    for (Index j = 0; j < made.x.cols(); ++j) {
      made.x.col(j).setOnes();
      for (const std::string& part : split(made.names[std::size_t(j)], "*"))
        made.x.col(j).array() *= factor(table, part).array();
    }
    return made;
  }

  static RegressionPrior prior(const Options& o) {
    RegressionPrior prior;
    if (o.text("coefficient_prior") == "normal")
      prior.coefficient_scale = o.real("coefficient_scale");
    const std::string& noise = o.text("noise_prior");
    if (noise != "flat") {
      prior.noise = noise == "half_normal" ? RegressionPrior::Noise::half_normal
                                           : RegressionPrior::Noise::half_cauchy;
      prior.noise_scale = o.real("noise_scale");
    }
    return prior;
  }

  /// @return the coefficients and sigma of the prior, which the responses then follow
  static VectorXd draw_responses(const ModelSetup& setup, DesignMatrix& design) {
    RandomStream stream = setup.data_stream.substream(2);
    const Index coefficients = design.x.cols();
    const VectorXd truth = prior(setup.options).draw(coefficients, stream);
    stream.fill_normal(design.response);
    design.response *= truth[coefficients];
    design.response += design.x * truth.head(coefficients);
    return truth;
  }

  static GaussianRegression posterior(const Options& o, const DesignMatrix& design) {
    return {
        design.x, design.response, prior(o), {{"beta", {design.x.cols()}, {"coefficient"}, ""}}};
  }

  DesignMatrix design_;
  VectorXd truth_;
  GaussianRegression posterior_;
};

}  // namespace

ELBOW_PLUGIN(RegressionModel, options,
             {.name = "gaussian_regression",
              .summary = "Gaussian responses whose noise is unknown, under the usual priors",
              .source = "posteriordb's models blr, kidscore_momiq, nes and their like",
              .provides = Ability::density | Ability::gradient | Ability::reference |
                          Ability::prior_predictive})
