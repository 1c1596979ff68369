#include <catch2/catch.hpp>
#include <elbow/error.hpp>
#include <elbow/option.hpp>

using namespace elbow;
using Catch::Contains;

TEST_CASE("a declaration holds its type, default, bounds and unit") {
  const Option option = real("step_size", 0.5, "how far").above(0).at_most(1).unit("points");
  CHECK(option.name == "step_size");
  CHECK(option.type == OptionType::real);
  REQUIRE(option.standard);
  CHECK(std::get<double>(*option.standard) == 0.5);
  CHECK((option.lower == 0 && option.lower_open));
  CHECK((option.upper == 1 && !option.upper_open));
  CHECK(option.unit_name == "points");
  CHECK_FALSE(option.is_required);
}

TEST_CASE("required and optional options have no default") {
  const Option needed = integer("draws", required, "how many");
  CHECK(needed.is_required);
  CHECK_FALSE(needed.standard);
  const Option free = reals("mean", elbow::optional, "where");
  CHECK_FALSE(free.is_required);
  CHECK_FALSE(free.standard);
}

TEST_CASE("the first name of a choice is its default") {
  const Option option = choice("entropy", {"closed", "monte_carlo"}, "which");
  CHECK(std::get<std::string>(*option.standard) == "closed");
  CHECK(option.choices == std::vector<std::string>{"closed", "monte_carlo"});
}

TEST_CASE("resolved options are read by their type, and by no other") {
  const Options options({{"draws", std::int64_t{3}}, {"scale", 2.5}, {"name", std::string("a")}});
  CHECK(options.integer("draws") == 3);
  CHECK(options.real("scale") == 2.5);
  CHECK(options.text("name") == "a");
  CHECK(options.has("draws"));
  CHECK_FALSE(options.has("mean"));
  CHECK_THROWS_WITH(options.reals("mean"), Contains("\"mean\"") && Contains("not set"));
  CHECK_THROWS_WITH(options.real("draws"), Contains("\"draws\"") && Contains("as real"));
}

TEST_CASE("sets of abilities are compared by inclusion") {
  const Ability both = Ability::density | Ability::gradient;
  CHECK(includes(both, Ability::gradient));
  CHECK(includes(both, Ability::none));
  CHECK_FALSE(includes(Ability::gradient, both));
  CHECK((both & ~Ability::density) == Ability::gradient);
}
