#include <algorithm>
#include <elbow/flows/flow.hpp>
#include <numeric>

namespace elbow::flows {
namespace {

std::vector<Index> in_order(Index dimension) {
  std::vector<Index> order(static_cast<std::size_t>(dimension));
  std::iota(order.begin(), order.end(), Index(0));
  return order;
}

}  // namespace

std::vector<Option> flow_options(std::int64_t layers, std::vector<Option> own, bool with_base) {
  std::vector<Option> all = {
      integer("layers", layers, "maps behind each other").at_least(1),
      reals("hidden", {32, 32}, "widths of the networks' hidden layers").at_least(1)};
  for (Option& option : own) all.push_back(std::move(option));
  if (with_base)
    for (Option& option : base_options()) all.push_back(std::move(option));
  all.push_back(real("initial_scale", 1.0,
                     "standard deviation of every coordinate at the start, when the flow is the "
                     "identity times it")
                    .above(0));
  return all;
}

Option split_option() {
  return choice(
      "split", {"halving", "halves", "checkerboard", "random"},
      "which coordinates a coupling keeps, whereupon the next keeps the others: halves, then every "
      "other quarter, and so on to single ones, so that every two coordinates are apart in some "
      "coupling; the first half; every other one; a random half");
}

std::vector<Split> make_splits(const Options& options, Index dimension, RandomStream& stream) {
  const std::string& kind = options.text("split");
  Index rounds = 1;  // until blocks of dimension / 2^rounds hold one coordinate
  while ((Index(1) << rounds) < dimension) ++rounds;
  std::vector<Split> splits;
  Split split;
  for (Index layer = 0; layer < options.integer("layers"); ++layer) {
    if (layer % 2 == 0) {
      std::vector<Index> order = in_order(dimension);
      if (kind == "random") stream.shuffle(order);
      const Index blocks = Index(2) << (kind == "halving" ? layer / 2 % rounds : 0);
      split = {};
      for (Index i = 0; i < dimension; ++i) {
        // In one dimension there is nothing to keep.
        const bool keep = kind == "checkerboard" ? i % 2 == 1
                          : dimension == 1       ? false
                                                 : i * blocks / dimension % 2 == 0;
        (keep ? split.keep : split.move).push_back(order[std::size_t(i)]);
      }
    } else {
      std::swap(split.keep, split.move);
    }
    if (!split.move.empty()) splits.push_back(split);
  }
  return splits;
}

Option order_option() {
  return choice("order", {"alternating", "random", "same"},
                "of the coordinates, each of which depends on those before it: back and forth from "
                "map to map; at random in every map; as the model has them");
}

std::vector<std::vector<Index>> make_orders(const Options& options, Index dimension,
                                            RandomStream& stream) {
  const std::string& kind = options.text("order");
  std::vector<std::vector<Index>> orders;
  for (Index layer = 0; layer < options.integer("layers"); ++layer) {
    orders.push_back(in_order(dimension));
    if (kind == "random") stream.shuffle(orders.back());
    if (kind == "alternating" && layer % 2 == 1)
      std::reverse(orders.back().begin(), orders.back().end());
  }
  return orders;
}

}  // namespace elbow::flows
