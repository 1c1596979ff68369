// Models in C++ beside the same models as Stan programs, which the real BridgeStan compiles: only
// where $BRIDGESTAN says that there is one.

#include <fstream>

#include "stan/stan_compiler.hpp"
#include "support/density_checks.hpp"
#include "support/scratch_folder.hpp"

using namespace elbow;

namespace {

/// The data of a model as Stan reads them: vectors, matrices by rows, and their extents N and D.
std::string json_of(Model& model) {
  std::string text;
  Index items = 0, columns = 0;
  const auto number = [](double value) {
    char digits[40];
    std::snprintf(digits, sizeof digits, "%.17g", value);
    return std::string(digits);
  };
  for (const DataArray& array : model.data()) {
    const bool is_matrix = array.variable.shape.size() == 2;
    const Index rows = array.variable.shape.at(0);
    if (array.variable.name == "y") items = rows;
    if (is_matrix) columns = array.variable.shape[1];
    text += ", \"" + array.variable.name + "\": [";
    for (Index i = 0; i < rows; ++i) {
      text += i ? ", " : "";
      if (is_matrix) text += "[";
      for (Index j = 0; j < (is_matrix ? columns : 1); ++j)
        text += (j ? ", " : "") + number(array.values[i + j * rows]);
      if (is_matrix) text += "]";
    }
    text += "]";
  }
  return "{\"N\": " + std::to_string(items) + ", \"D\": " + std::to_string(columns) + text + "}";
}

}  // namespace

TEST_CASE("models in C++ and as Stan programs are the same density up to a constant") {
  if (!std::getenv("BRIDGESTAN")) {
    WARN("TEST SKIPPED: $BRIDGESTAN is not set");
    return;
  }
  const std::string name = GENERATE(as<std::string>(), "linear_regression",
                                    "ordered_gaussian_mixture", "ar_k", "garch11");
  CAPTURE(name);
  const ScratchFolder folder;
  const auto native = test::model(name);
  std::ofstream(folder / "data.json") << json_of(*native);
  const std::filesystem::path program =
      std::filesystem::path(ELBOW_SOURCE) / "tests/stan/twins" / (name + ".stan");
  const auto stan = test::model(
      "stan", {{"source", StanCompiler::from_environment().compile(program).file.string()},
               {"data", (folder / "data.json").string()}});

  const Eigen::MatrixXd z = test::normal_points(*native->density(), 20, 4, 0.7);
  REQUIRE(stan->density()->dimension() == z.rows());
  const auto in_cpp = test::value_and_gradient(*native->density(), z);
  const auto in_stan = test::value_and_gradient(*stan->density(), z);
  const double constant = in_stan.log_p[0] - in_cpp.log_p[0];
  for (Index s = 0; s < z.cols(); ++s) {
    CHECK(in_stan.log_p[s] - constant == Approx(in_cpp.log_p[s]).epsilon(1e-10));
    CHECK((in_stan.gradient.col(s) - in_cpp.gradient.col(s)).norm() <=
          1e-9 * in_cpp.gradient.col(s).norm());
  }
}
