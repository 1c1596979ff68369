#include "cell/minibatches.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <elbow/error.hpp>

#include "check/kept_state.hpp"

using namespace elbow;

namespace {

/// Ten items; remembers what it was asked to use.
class TenItems final : public Model, public Density {
 public:
  Density* density() override { return this; }
  Index dimension() const override { return 1; }
  std::vector<Variable> variables() const override { return {{"x", {}, {}, ""}}; }
  void log_density(Draws, VectorOut) override {}
  Index item_count() const override { return 10; }
  void use_items(std::span<const Index> items) override { used.assign(items.begin(), items.end()); }

  std::vector<Index> used;
};

RandomStream stream() { return {7, 0, "minibatch"}; }

}  // namespace

TEST_CASE("an epoch of minibatches visits items once and leaves a short batch out") {
  TenItems model;
  Minibatches batches(model, 4, stream());
  std::vector<Index> seen;
  for (int b = 0; b < 2; ++b) {
    const auto batch = batches.next();
    REQUIRE(batch.size() == 4);
    CHECK(std::equal(batch.begin(), batch.end(), model.used.begin(), model.used.end()));
    seen.insert(seen.end(), batch.begin(), batch.end());
  }
  std::sort(seen.begin(), seen.end());
  CHECK(std::adjacent_find(seen.begin(), seen.end()) == seen.end());
  CHECK(batches.next().size() == 4);
}

TEST_CASE("over many epochs every item is used equally often") {
  TenItems model;
  Minibatches batches(model, 3, stream());
  std::vector<int> count(10);
  const int epochs = 4000;
  for (int b = 0; b < 3 * epochs; ++b)
    for (const Index item : batches.next()) ++count[std::size_t(item)];
  // Each epoch leaves one of ten items out: 0.9 visits per epoch, variance 0.09.
  for (const int n : count) CHECK(std::abs(n - 0.9 * epochs) < 5 * std::sqrt(0.09 * epochs));
}

TEST_CASE("without a batch size all items are used and the density is not told") {
  TenItems model;
  model.used = {3};
  Minibatches batches(model, 0, stream());
  CHECK(batches.next().empty());
  batches.use_all();
  CHECK(model.used == std::vector<Index>{3});
}

TEST_CASE("a batch larger than the data is refused with both numbers") {
  TenItems model;
  CHECK_THROWS_WITH(Minibatches(model, 11, stream()),
                    Catch::Contains("11") && Catch::Contains("10"));
}

TEST_CASE("minibatches go on from their state within an epoch and before the first one") {
  for (const int before : {0, 1, 3, 4}) {
    TenItems model, other;
    Minibatches one(model, 3, stream()), two(other, 3, stream());
    for (int b = 0; b < before; ++b) one.next();
    check::KeptState state;
    state.save(one);
    state.restore(two);
    for (int b = 0; b < 10; ++b) {
      const auto expected = one.next(), found = two.next();
      REQUIRE(std::equal(expected.begin(), expected.end(), found.begin(), found.end()));
    }
  }
}
