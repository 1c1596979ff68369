#pragma once

#include <elbow/family.hpp>
#include <elbow/model.hpp>

namespace elbow {

/// Whether two models of one plugin with the same parameters are the same distribution: p(z) and
/// p(x | z) by items drawn from one stream and by decoded means, to the bit, or an energy's
/// log phi. Numbers of an item that either likelihood leaves out are not compared. Choose items
/// again afterwards.
bool is_same_function(Model& a, Model& b);

/// The same for families: draws of one noise block and their densities, under one context where
/// they have any. Bind them again afterwards.
bool is_same_function(Family& a, Family& b);

}  // namespace elbow
