#include "plugins/shapes.hpp"

#include <memory>

#include "plugins/loader.hpp"
#include "unit/plugins/poison.hpp"

using namespace elbow;
using namespace elbow::test;

namespace {

const Options no_options;

const Descriptor& bad(Kind kind, const std::string& name) {
  return map_plugin(poison(name) / kind_folder(kind) / (name + ".so"), kind, name);
}

std::unique_ptr<Model> bad_model(const std::string& name) {
  return bad(Kind::model, name).make_model({no_options, RandomStream(1, 0, "data")});
}

}  // namespace

TEST_CASE("a model without the density that it declares is told so") {
  const auto model = bad_model("no_density");
  CHECK_THROWS_WITH(check_model(*model, Ability::density),
                    "declares the ability \"density\" and does not provide it");
}

TEST_CASE("a density needs a dimension and variables with names of their own") {
  CHECK_THROWS_WITH(check_model(*bad_model("no_dimension"), Ability::density),
                    "the density's dimension: expected at least 1, found 0");
  CHECK_THROWS_WITH(check_model(*bad_model("variables_of_one_name"), Ability::density),
                    "two variables have the name \"x\"");
}

TEST_CASE("variables that do not add up to the dimension need a map of their own") {
  const auto model = bad_model("variables_do_not_add_up");
  const Eigen::MatrixXd z = Eigen::MatrixXd::Zero(2, 1);
  Eigen::MatrixXd x(3, 1);
  CHECK_THROWS_WITH(model->density()->constrain(z, x),
                    Catch::Contains("the variables hold 3 numbers, the density has 2 dimensions"));
}

TEST_CASE("a family of another dimension than asked for is told both") {
  const auto family = bad(Kind::family, "family_of_wrong_dimension")
                          .make_family({no_options, 4, 0, RandomStream(1, 0, "init")});
  CHECK_THROWS_WITH(check_family(*family, 4, Ability::log_prob), "dimension: expected 4, found 5");
}

TEST_CASE("data must fill their shape") {
  CHECK_THROWS_WITH(check_data(bad_model("data_do_not_fit")->data(), {}),
                    "data \"y\": expected 3 numbers, found 2");
}

TEST_CASE("labels must be as many as their dimension is long") {
  const DataArray y{{"y", {3}, {"school"}, ""}, Eigen::VectorXd::Zero(3), true};
  CHECK_THROWS_WITH(check_data({y}, {{"school", {"A", "B"}}}),
                    "labels of the dimension \"school\": expected 3, found 2");
  CHECK_NOTHROW(check_data({y}, {{"school", {"A", "B", "C"}}}));
}

TEST_CASE("trace fields need names of their own") {
  CHECK_THROWS_WITH(check_fields({{"a", "", ""}, {"a", "", ""}}, "trace fields"),
                    "trace fields: two have the name \"a\"");
}
