#pragma once

#include <vector>

#include "plan/plan.hpp"

namespace elbow {

/// Gives the variants of each block their final axes and names. On entry a variant's name is that
/// of its block and its axes are those that its own grid declares. Where another grid declares more
/// axes, or gives an option another value, that option becomes an axis of all the block's variants
/// that have it. The names of distinct variants differ.
void name_variants(std::vector<ModelVariant>& variants);
void name_variants(std::vector<MethodVariant>& variants);

}  // namespace elbow
