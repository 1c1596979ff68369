#include "run/selection.hpp"

#include <algorithm>
#include <elbow/error.hpp>
#include <set>

#include "scratch.hpp"

using namespace elbow;
using namespace elbow::test;
using Catch::Matchers::Contains;

namespace {

/// Two models, two methods, three replicates.
Plan small_plan() {
  Plan plan;
  for (const char* name : {"gaussian(dimension=2)", "funnel"})
    plan.models.push_back({name, {Kind::model, "gaussian", Json::object()}, Json::object()});
  for (const char* name : {"nuts", "mean-field(draws=[1, 2])"}) {
    MethodVariant method;
    method.name = name;
    plan.methods.push_back(method);
  }
  plan.cells = some_cells(12);
  for (unsigned i = 0; i < 12; ++i) {
    plan.cells[i].model = i / 6;
    plan.cells[i].method = i / 3 % 2;
    plan.cells[i].replicate = i % 3;
  }
  return plan;
}

std::size_t selected(const std::vector<std::string>& patterns) {
  static const Plan plan = small_plan();
  return select_cells(plan, patterns).size();
}

}  // namespace

TEST_CASE("without a pattern every cell is selected") { CHECK(selected({}) == 12); }

TEST_CASE("a cell is selected by the beginning of its hash") {
  CHECK(selected({"0a"}) == 1);
  CHECK(selected({small_plan().cells[3].hash}) == 1);
}

TEST_CASE("cells are selected by names with wildcards") {
  CHECK(selected({"funnel/*"}) == 6);
  CHECK(selected({"*/nuts/*"}) == 6);
  CHECK(selected({"*/*/2"}) == 4);
  CHECK(selected({"funnel/nuts"}) == 3);
  CHECK(selected({"funnel/nuts/1"}) == 1);
}

TEST_CASE("a name with brackets in it can be given as it is printed") {
  CHECK(selected({"funnel/mean-field(draws=[1, 2])/0"}) == 1);
}

TEST_CASE("several patterns add up and a cell is selected once") {
  CHECK(selected({"funnel/nuts/1", "funnel/nuts", "*/*/0"}) == 6);
}

TEST_CASE("a pattern without a cell is an error that lists some cells") {
  CHECK_THROWS_WITH(selected({"funel/*"}), Contains("\"funel/*\"") &&
                                               Contains("gaussian(dimension=2)/nuts/0") &&
                                               Contains("12 cells in all"));
  CHECK_THROWS_AS(selected({"funnel/*", "nothing"}), Error);
}

TEST_CASE("a sample is spread over the list and has no cell twice") {
  const Plan plan = small_plan();
  const auto all = select_cells(plan, {});
  for (std::size_t count : {1, 5, 11, 12, 100}) {
    const auto sample = spread_sample(all, count);
    CHECK(std::set(sample.begin(), sample.end()).size() == std::min<std::size_t>(count, 12));
  }
  CHECK(spread_sample(all, 2)[1]->model == 1);
}

TEST_CASE("shuffled cells are the same cells, and the same order for the same seed") {
  const Plan plan = small_plan();
  auto first = select_cells(plan, {}), second = first, other = first;
  const auto all = first;
  shuffle_cells(first, 1);
  shuffle_cells(second, 1);
  shuffle_cells(other, 2);
  CHECK(first == second);
  CHECK(first != all);
  CHECK(first != other);
  CHECK(std::is_permutation(first.begin(), first.end(), all.begin()));
}
