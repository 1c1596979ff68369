#include <catch2/catch.hpp>
#include <cmath>

#include "chains.hpp"
#include "diagnostics/energy_fraction.hpp"

using namespace elbow;

namespace {

Eigen::VectorXd fractions(Draws energies) {
  EnergyFraction fraction(energies.cols());
  for (Index i = 0; i < energies.rows(); ++i) fraction.add(energies.row(i).transpose());
  return fraction.fractions();
}

}  // namespace

TEST_CASE("The energy fraction of an autoregression is 2 (1 - phi)") {
  // E (x' - x)^2 = 2 (1 - phi) Var x; with 10^4 draws its error is a few per cent.
  for (double phi : {0.0, 0.5, 0.95}) {
    const Eigen::VectorXd found = fractions(test::ar1(10000, 3, phi, 21).array() - 1e6);
    CHECK(found.size() == 3);
    for (const double fraction : found) CHECK(fraction == Approx(2 * (1 - phi)).epsilon(0.15));
  }
}

TEST_CASE("Energies 1, 2, 4, 8 have the fraction 21 / 28.75") {
  CHECK(fractions(Eigen::Vector4d(1, 2, 4, 8))[0] == Approx(21 / 28.75).epsilon(1e-14));
}

TEST_CASE("An energy that never changes has no fraction, and three draws have none") {
  CHECK(std::isnan(fractions(Eigen::VectorXd::Constant(10, 3.5))[0]));
  CHECK(std::isnan(fractions(Eigen::Vector3d(1, 2, 4))[0]));
}
