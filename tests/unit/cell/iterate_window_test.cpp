#include "cell/iterate_window.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <elbow/random.hpp>
#include <functional>

using namespace elbow;

namespace iterate_window_tests {

namespace {

/// Two numbers and one of float32 that follow `path(t, number)`.
IterateWindow::Mixing follow(Index n, const std::function<double(Index, Index)>& path) {
  Parameters x;
  const auto wide = x.add("wide", 2);
  const auto narrow = x.add_f32("narrow", 1);
  Parameters* const all[] = {&x};
  IterateWindow window(all);
  for (Index t = 0; t < n; ++t) {
    x.vector(wide) << path(t, 0), path(t, 1);
    x.vector(narrow) << float(path(t, 2));
    window.add(path(t, 0));
  }
  REQUIRE(window.count() == n);
  return window.mixing();
}

}  // namespace

TEST_CASE("iterates that jitter around one point are stationary, however many there are") {
  const Index n = GENERATE(400, 3000, 100000);
  RandomStream numbers(1, 0, "jitter");
  const auto found = follow(n, [&](Index, Index i) { return double(i) + numbers.normal(); });
  CHECK(found.rhat < 1.1);
  CHECK(found.relative_mcse < 0.1);
}

TEST_CASE("a transient at the beginning is left out") {
  RandomStream numbers(1, 0, "transient");
  const auto found = follow(
      4000, [&](Index t, Index) { return 100 * std::exp(-double(t) / 100) + numbers.normal(); });
  CHECK(found.rhat < 1.1);
}

TEST_CASE("iterates that drift are not stationary, whichever number it is") {
  const Index drifting = GENERATE(0, 1, 2);
  RandomStream numbers(1, 0, "drift");
  const auto found = follow(3000, [&](Index t, Index i) {
    return numbers.normal() + (i == drifting ? 0.003 * double(t) : 0);
  });
  CHECK(found.rhat > 1.1);
  CHECK(found.parameter == drifting);
}

TEST_CASE("a random walk is not stationary at any length") {
  const Index n = GENERATE(300, 3000, 30000);
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    RandomStream numbers(seed, 0, "walk");
    double at[3] = {0, 0, 0};
    const auto found = follow(n, [&](Index, Index i) { return at[i] += numbers.normal(); });
    CHECK((found.rhat > 1.1 || found.relative_mcse > 0.1));
  }
}

TEST_CASE("iterates at rest are stationary, and those that are not finite never") {
  const auto rest = follow(400, [](Index, Index i) { return 3.0 + double(i); });
  CHECK(rest.rhat == 1);
  CHECK(rest.relative_mcse == 0);
  const auto lost = follow(400, [](Index t, Index) { return t > 390 ? NAN : 0.0; });
  CHECK(lost.rhat > 1e300);
}

TEST_CASE("a window begins anew after a restart, with the objective of what follows") {
  Parameters x;
  x.add("x", 1);
  Parameters* const all[] = {&x};
  IterateWindow window(all);
  for (int t = 0; t < 5000; ++t) window.add(-1000);
  window.restart();
  RandomStream numbers(1, 0, "objective");
  for (int t = 0; t < 1000; ++t) window.add(2 + numbers.normal());
  CHECK(window.count() == 1000);
  const IterateWindow::Level level = window.objective();
  CHECK(std::abs(level.mean - 2) < 5 * level.mcse);
  CHECK(level.mcse == Approx(1 / std::sqrt(500)).epsilon(0.3));
}

}  // namespace iterate_window_tests
