#include "plugins/scan.hpp"

#include <catch2/catch.hpp>

using namespace elbow;

TEST_CASE("a scan of the shipped plugins describes the mean-field Gaussian") {
  const Catalog catalog = scan_plugins({ELBOW_PLUGINS});
  const PluginInfo* family = catalog.find(Kind::family, "gaussian_mean_field");
  REQUIRE(family);
  CHECK(includes(family->provides, Ability::reparameterized | Ability::log_prob));
  REQUIRE(family->options.size() == 1);
  const Option& scale = family->options[0];
  CHECK(scale.name == "initial_scale");
  CHECK(std::get<double>(*scale.standard) == 1.0);
  CHECK(scale.lower == 0);
  CHECK(scale.lower_open);
  CHECK(std::isinf(scale.upper));
}
