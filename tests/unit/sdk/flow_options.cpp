#include <algorithm>
#include <catch2/catch.hpp>
#include <elbow/elbow.hpp>
#include <elbow/flows/flow.hpp>

using namespace elbow;
using namespace elbow::flows;

namespace flow_options_tests {

namespace {

std::vector<Split> splits(const std::string& kind, Index dimension, Index layers) {
  const Options options({{"split", kind}, {"layers", std::int64_t(layers)}});
  RandomStream numbers(1, 0, "splits");
  return make_splits(options, dimension, numbers);
}

}  // namespace

TEST_CASE("Whichever way couplings split, every two of them move every coordinate once") {
  const std::string kind = GENERATE("halving", "halves", "checkerboard", "random");
  const Index dimension = GENERATE(2, 3, 10, 33);
  const auto all = splits(kind, dimension, 12);
  REQUIRE(all.size() == 12);
  for (std::size_t k = 0; k < all.size(); k += 2) {
    std::vector<Index> moved = all[k].move;
    moved.insert(moved.end(), all[k + 1].move.begin(), all[k + 1].move.end());
    std::sort(moved.begin(), moved.end());
    for (Index i = 0; i < dimension; ++i) REQUIRE(moved[std::size_t(i)] == i);
    REQUIRE(Index(moved.size()) == dimension);
    REQUIRE(all[k].keep == all[k + 1].move);
    REQUIRE_FALSE(all[k].keep.empty());
  }
}

TEST_CASE("By halving, every two coordinates are apart in some coupling of 2 log2 D") {
  const Index dimension = GENERATE(2, 3, 7, 10, 32, 33);
  Index layers = 2;
  while ((Index(1) << (layers / 2)) < dimension) layers += 2;
  const auto all = splits("halving", dimension, layers);
  for (Index i = 0; i < dimension; ++i)
    for (Index j = 0; j < i; ++j)
      REQUIRE(std::any_of(all.begin(), all.end(), [&](const Split& split) {
        const auto moves = [&](Index which) {
          return std::count(split.move.begin(), split.move.end(), which) > 0;
        };
        return moves(i) != moves(j);
      }));
}

TEST_CASE("In one dimension every other coupling moves the coordinate") {
  const auto all = splits(GENERATE("halving", "halves", "checkerboard", "random"), 1, 6);
  REQUIRE(all.size() == 3);
  for (const Split& split : all) {
    REQUIRE(split.keep.empty());
    REQUIRE(split.move == std::vector<Index>{0});
  }
}

TEST_CASE("Orders are permutations: alternating, random or the model's") {
  const std::string kind = GENERATE("alternating", "random", "same");
  const Options options({{"order", kind}, {"layers", std::int64_t(3)}});
  RandomStream numbers(1, 0, "orders");
  const auto orders = make_orders(options, 6, numbers);
  REQUIRE(orders.size() == 3);
  const std::vector<Index> plain = {0, 1, 2, 3, 4, 5};
  for (std::vector<Index> order : orders) {
    std::sort(order.begin(), order.end());
    REQUIRE(order == plain);
  }
  REQUIRE((orders[0] == plain) == (kind != "random"));
  REQUIRE((orders[1] == plain) == (kind == "same"));
  if (kind == "alternating") REQUIRE(orders[1] == std::vector<Index>(plain.rbegin(), plain.rend()));
}

}  // namespace flow_options_tests
