#include "cell/referenced_model.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <elbow/error.hpp>

#include "cell/matched_draws.hpp"

using namespace elbow;
using Catch::Contains;

namespace {

const std::vector<Variable> variables = {{"mu", {}, {}, ""}, {"x", {2, 2}, {}, ""}};

NamedDraws draws_of(std::vector<std::string> names, Index draws = 5) {
  NamedDraws made{std::move(names), {}};
  for (double chain = 0; chain < 2; ++chain) {
    Eigen::MatrixXd& numbers = made.chains.emplace_back(draws, Index(made.names.size()));
    for (Index i = 0; i < numbers.rows(); ++i)
      for (Index j = 0; j < numbers.cols(); ++j)
        numbers(i, j) = 1000 * chain + 10 * double(i) + double(j);
  }
  return made;
}

/// Knows that both of its variables have the mean 7, exactly.
class Knowing final : public Model, public Density, public Reference {
 public:
  Density* density() override { return this; }
  Reference* reference() override { return this; }
  Index dimension() const override { return 2; }
  std::vector<Variable> variables() const override {
    return {{"a", {}, {}, ""}, {"b", {}, {}, ""}};
  }
  void log_density(Draws, VectorOut log_p) override { log_p.setZero(); }
  std::optional<Estimate> log_evidence() const override { return Estimate{-3, 0}; }
  std::optional<Moments> moments() const override {
    return Moments{Eigen::Vector2d(7, 7), Eigen::Vector2d(2, 2), Eigen::Vector2d(0, 0),
                   Eigen::Vector2d(0, 0)};
  }
};

}  // namespace

TEST_CASE("reference draws are found by name, whatever their order, and others are noted") {
  const MatchedDraws matched =
      match_draws(draws_of({"x[1,1]", "lp", "x[1,2]", "x[2,1]", "x[2,2]", "mu"}), variables, false);
  REQUIRE(matched.chains.size() == 2);
  Eigen::RowVectorXd expected(5);
  expected << 1015, 1010, 1013, 1012, 1014;  // mu, x column by column, of the second draw
  CHECK(matched.chains[1].row(1) == expected);
  CHECK(matched.note == "the model has no lp, which the reference has");
}

TEST_CASE("a variable of one number is found with and without an index") {
  const std::vector<Variable> one = {{"a", {1}, {}, ""}, {"b", {}, {}, ""}};
  CHECK(match_draws(draws_of({"a", "b[1]"}), one, false).note.empty());
}

TEST_CASE("missing variables are refused with both lists, or noted where they may be missing") {
  const auto names = std::vector<std::string>{"mu", "y[1]", "y[2]"};
  CHECK_THROWS_WITH(match_draws(draws_of(names), variables, false),
                    "the reference has no draws of x; the model has mu, x[2, 2]; the reference has "
                    "mu, y[2]; with reference_partial = true, what is missing is not compared");
  const MatchedDraws matched = match_draws(draws_of(names), variables, true);
  CHECK(matched.note ==
        "the reference has no draws of x; the model has no y, which the reference has");
  CHECK(matched.chains[0].rightCols(4).array().isNaN().all());
  CHECK(matched.chains[0](4, 0) == 40);
  CHECK_THROWS_WITH(match_draws(draws_of({"z"}), variables, true),
                    "the reference has no draws of mu, x; the model has mu, x[2, 2]; the reference "
                    "has z");
}

TEST_CASE("a variable of another shape is refused, also where variables may be missing") {
  CHECK_THROWS_WITH(
      match_draws(draws_of({"mu", "x[1]", "x[2]", "x[3]", "x[4]"}), variables, true),
      Contains("the variable x[2, 2] has another shape in the reference, which has 4 of its "
               "numbers and no x[1,1]"));
  CHECK_THROWS_WITH(match_draws(draws_of({"mu", "x[1,1]", "x[2,1]", "x[1,2]", "x[2,2]", "x[1,3]"}),
                                variables, false),
                    Contains("which has 5 of its numbers"));
}

TEST_CASE("moments of reference draws are theirs, with standard errors from their own chains") {
  // 4 chains of 2,000 independent normals: sd / sqrt(8000) and sd / sqrt(16000), up to how well an
  // effective sample size is known.
  RandomStream stream(4, 0, "reference");
  MatchedDraws draws;
  for (int chain = 0; chain < 4; ++chain) {
    Eigen::MatrixXd& numbers = draws.chains.emplace_back(2000, 2);
    stream.fill_normal(numbers);
    numbers.col(0) = 3 + 2 * numbers.col(0).array();
    numbers.col(1).setConstant(NAN);
  }
  ReferencedModel model(std::make_unique<Knowing>(), draws);
  const Reference::Moments moments = model.reference()->moments().value();
  CHECK(std::abs(moments.mean[0] - 3) < 5 * 2 / std::sqrt(8000.0));
  CHECK(std::abs(moments.sd[0] - 2) < 5 * 2 / std::sqrt(16000.0));
  CHECK(moments.mean_standard_error[0] == Approx(2 / std::sqrt(8000.0)).epsilon(0.15));
  CHECK(moments.sd_standard_error[0] == Approx(2 / std::sqrt(16000.0)).epsilon(0.15));
  CHECK(std::isnan(moments.mean[1]));  // missing: not what the model itself knows
  CHECK(model.reference()->log_evidence()->value == -3);
  const Eigen::MatrixXd all = model.reference()->reference_draws();
  CHECK(all.cols() == 8000);
  CHECK(all(0, 2001) == draws.chains[1](1, 0));
}
