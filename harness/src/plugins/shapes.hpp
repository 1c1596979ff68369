#pragma once

#include <elbow/plugin.hpp>
#include <vector>

namespace elbow {

// What the host checks of an object that a plugin made, before it sizes blocks by what the object
// says of itself. Each throws Error saying what was expected and what was found; the caller adds
// the plugin's name.

/// Every facet that is declared is there, and a density has at least one dimension and named
/// variables whose names differ and whose sizes are positive.
/// @param provides  the abilities declared, those of the options' values included
void check_model(Model& model, Ability provides);

/// The dimension is the one asked for, and noise and facets agree with it and with what is
/// declared.
void check_family(Family& family, Index dimension, Ability provides);

/// Names of trace fields or statistics: none empty, none twice. @param what  begins the error's
/// text
void check_fields(const std::vector<TraceField>& fields, const char* what);

/// Data arrays hold as many numbers as their shapes say, and labels as many as the extents of their
/// dimensions.
void check_data(const std::vector<DataArray>& data, const std::vector<Coordinate>& coordinates);

/// The number of data items that minibatches are drawn from; 0 when the model has none.
Index data_items(Model& model);

}  // namespace elbow
