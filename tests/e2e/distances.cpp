// Distances to reference draws, from the experiment to the table, of approximations whose distances
// have closed forms.

#include <catch2/catch.hpp>
#include <cmath>
#include <elbow/math.hpp>
#include <elbow/random.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "program.hpp"
#include "record/cell_summary.hpp"
#include "support/program.hpp"

using namespace elbow;
using namespace elbow::test;

namespace {

constexpr int reference_size = 8000;

/// Independent draws of N(0, 1) as CSV.
std::string standard_normal_csv() {
  RandomStream stream(11, 0, "csv");
  std::ostringstream text;
  text << "z\n";
  for (int i = 0; i < reference_size; ++i) text << stream.normal() << '\n';
  return text.str();
}

/// A Gaussian that is taken for N(0, 1).
struct Mistaken {
  const char* model;
  double mean, sd;

  double wasserstein() const {
    // Equal shapes are moved by the shift; equal centres stretched, by E|x| of a unit normal.
    return std::abs(mean) + std::abs(sd - 1) * std::sqrt(2 / pi);
  }
  /// Under a Gaussian kernel of this length.
  double mmd_squared(double length) const {
    const auto kernel = [&](double variance, double gap) {
      const double total = length * length + variance;
      return length / std::sqrt(total) * std::exp(-0.5 * gap * gap / total);
    };
    return kernel(2, 0) + kernel(2 * sd * sd, 0) - 2 * kernel(1 + sd * sd, mean);
  }
  /// How often the best of all classifiers is right.
  double bayes_accuracy() const {
    if (sd == 1) return normal_cdf(std::abs(mean) / 2);
    // Within +-edge the narrower of two centred Gaussians has the higher density.
    const double edge = std::sqrt(2 * std::log(sd) / (1 - 1 / (sd * sd)));
    return 0.5 + normal_cdf(edge) - normal_cdf(edge / sd);
  }
};

const std::vector<Mistaken> mistaken = {{"right", 0, 1}, {"shifted", -1.5, 1}, {"scaled", 0, 2}};

Estimate table_entry(const nlohmann::json& table, const Mistaken& target, const std::string& method,
                     const std::string& metric) {
  for (const auto& row : table["rows"])
    if (row["model"] == target.model && row["method"] == method && row["metric"] == metric)
      return {row["mean"], row["standard_error"]};
  FAIL("no row of " << target.model << " / " << method << " / " << metric);
  return {};
}

}  // namespace

TEST_CASE("compare shows the distances of wrong Gaussians to reference draws, as they are known") {
  const Workplace place;
  place.write("reference.csv", standard_normal_csv());
  std::string text = "[evaluation]\nc2st = true\nc2st_draws = 500\nkernel_draws = 1000\n";
  for (const Mistaken& target : mistaken)
    text += "[[model]]\nname = \"" + std::string(target.model) +
            "\"\nplugin = \"gaussian\"\nreference = \"reference.csv\"\nmean = [" +
            std::to_string(target.mean) + "]\ncovariance = [[" +
            std::to_string(target.sd * target.sd) + "]]\n";
  // Both are exact: independent draws, and those of a chain.
  text += R"([[method]]
name = "independent"
estimator = "laplace"
draws = 4000
[[method]]
name = "chain"
sampler = "nuts"
draws = 1500
)";
  place.write("a.toml", text);
  const Ended run = test::elbow(place.folder(), {"run", "a.toml", "--quiet"});
  INFO(run.output);
  REQUIRE(run.status == 0);
  const auto compared = run_program("compare " + (place / "results/a").string() +
                                    " --format json --metric wasserstein_max,mmd_squared,c2st");
  REQUIRE(compared.status == 0);
  const auto table = nlohmann::json::parse(compared.out);
  REQUIRE(table["rows"].size() == 3 * 2 * mistaken.size());

  // Distances are in units of the reference's own sd, around its own mean.
  const double unit = 1 / std::sqrt(2.0 * reference_size);
  for (const CellSummary& cell : read_index(place / "results/a"))
    for (const Mistaken& target : mistaken) {
      if (cell.model != target.model) continue;
      INFO(cell.model << " / " << cell.method);
      const Estimate distance = table_entry(table, target, cell.method, "wasserstein_max");
      INFO("Wasserstein-1 " << distance.value << " (" << distance.standard_error << ")");
      CHECK(std::abs(distance.value - target.wasserstein()) <
            4 * std::hypot(distance.standard_error, unit * target.wasserstein()));
      CHECK(distance.standard_error < 0.02 * target.sd + 0.01);

      const std::string& help = cell.metrics.at("mmd_squared").help;
      const double length = std::stod(help.substr(help.find("length ") + 7));
      // The median of the distance of two standard normal numbers is 0.9539.
      CHECK(length == Approx(0.9539).epsilon(0.1));
      const Estimate mmd = table_entry(table, target, cell.method, "mmd_squared");
      INFO("squared MMD " << mmd.value << " (" << mmd.standard_error << "), known "
                          << target.mmd_squared(length));
      CHECK(std::abs(mmd.value - target.mmd_squared(length)) <
            4 * std::hypot(mmd.standard_error, unit * target.mmd_squared(length)));
      CHECK(mmd.standard_error < 0.05);

      const Estimate accuracy = table_entry(table, target, cell.method, "c2st");
      INFO("C2ST " << accuracy.value << " (" << accuracy.standard_error << "), at best "
                   << target.bayes_accuracy());
      CHECK(accuracy.value < target.bayes_accuracy() + 4 * accuracy.standard_error);
      // What is learnt from 500 draws of each is a little below the best.
      CHECK(accuracy.value > target.bayes_accuracy() - 4 * accuracy.standard_error - 0.01);
    }
}

TEST_CASE("compare --draws-of shows the distances of wrong Gaussians to a sampler's draws") {
  const Workplace place;
  // A family that is left at its start, N(0, 4), where N(0, 1) and N(0, 9) are asked for.
  place.write("a.toml", R"([[model]]
name = "narrow"
plugin = "gaussian"
mean = [0.0]
covariance = [[1.0]]
[[model]]
name = "broad"
plugin = "gaussian"
mean = [0.0]
covariance = [[9.0]]
[[method]]
name = "unfitted"
family = { plugin = "gaussian_mean_field", initial_scale = 2.0 }
estimator = "reparameterized"
optimizer = { plugin = "sgd", learning_rate = 1e-12 }
stop = { iterations = 1 }
draws = 4000
[[method]]
name = "chain"
sampler = "nuts"
draws = 3000
)");
  const Ended run = test::elbow(place.folder(), {"run", "a.toml", "--quiet"});
  INFO(run.output);
  REQUIRE(run.status == 0);
  const auto compared = run_program("compare " + (place / "results/a").string() +
                                    " --draws-of chain --format json --metric "
                                    "wasserstein_to_draws,sd_error_to_draws,mean_error_to_draws");
  REQUIRE(compared.status == 0);
  const auto table = nlohmann::json::parse(compared.out);
  for (const Mistaken& target : {Mistaken{"narrow", 0, 1}, {"broad", 0, 3}}) {
    INFO(target.model);
    const auto require = [&](const char* metric, double known) {
      const Estimate found = table_entry(table, target, "unfitted", metric);
      INFO(metric << ' ' << found.value << " (" << found.standard_error << "), known " << known);
      // The chain's sd, which is the unit, is known to one percent.
      CHECK(std::abs(found.value - known) < 4 * std::hypot(found.standard_error, 0.012 * known));
      CHECK(found.standard_error < 0.05);
    };
    const double gap = std::abs(2 - target.sd) / target.sd;
    require("wasserstein_to_draws", gap * std::sqrt(2 / pi));
    require("sd_error_to_draws", gap);
    require("mean_error_to_draws", 0);
  }
}
