#include "plugins/shapes.hpp"

#include <elbow/error.hpp>
#include <set>
#include <string>

#include "plugins/plugin_info.hpp"

namespace elbow {
namespace {

void expect_facet(Ability declared, Ability ability, const void* facet) {
  if (includes(declared, ability) && !facet)
    throw Error("declares the ability \"" + ability_names(ability) + "\" and does not provide it");
}

void check_shape(const Variable& variable, const std::string& what) {
  const std::string where = what + " \"" + variable.name + "\": ";
  if (variable.name.empty()) throw Error(where + "a name is missing");
  for (const Index extent : variable.shape)
    if (extent < 1)
      throw Error(where + "expected extents of at least 1, found " + std::to_string(extent));
  if (!variable.dims.empty() && variable.dims.size() != variable.shape.size())
    throw Error(where + "expected " + std::to_string(variable.shape.size()) +
                " names of dimensions or none, found " + std::to_string(variable.dims.size()));
}

void check_density(const Density& density) {
  if (density.dimension() < 1)
    throw Error("the density's dimension: expected at least 1, found " +
                std::to_string(density.dimension()));
  std::set<std::string> names;
  for (const Variable& variable : density.variables()) {
    check_shape(variable, "variable");
    if (!names.insert(variable.name).second)
      throw Error("two variables have the name \"" + variable.name + '"');
  }
}

}  // namespace

void check_model(Model& model, Ability provides) {
  expect_facet(provides, Ability::density, model.density());
  expect_facet(provides, Ability::latent_items, model.latent_items());
  expect_facet(provides, Ability::simulator, model.simulator());
  expect_facet(provides, Ability::energy, model.energy());
  expect_facet(provides, Ability::conjugate, model.conjugate());
  expect_facet(provides, Ability::reference, model.reference());
  if (const Density* density = model.density()) check_density(*density);
}

void check_family(Family& family, Index dimension, Ability provides) {
  if (family.dimension() != dimension)
    throw Error("dimension: expected " + std::to_string(dimension) + ", found " +
                std::to_string(family.dimension()));
  if (family.noise().normals < 0 || family.noise().uniforms < 0)
    throw Error("a draw cannot consume a negative count of random numbers");
  expect_facet(provides, Ability::closed_entropy, family.closed_entropy());
  expect_facet(provides, Ability::gaussian_form, family.gaussian_form());
  expect_facet(provides, Ability::closed_kl, family.closed_kl());
  expect_facet(provides, Ability::natural_gradient, family.natural_gradient());
  expect_facet(provides, Ability::conditional, family.conditional());
  expect_facet(provides, Ability::transport, family.transport_map());
  expect_facet(provides, Ability::diagonal_gaussian, family.diagonal_gaussian());
}

void check_fields(const std::vector<TraceField>& fields, const char* what) {
  std::set<std::string> names;
  for (const TraceField& field : fields) {
    if (field.name.empty()) throw Error(std::string(what) + ": a name is missing");
    if (!names.insert(field.name).second)
      throw Error(std::string(what) + ": two have the name \"" + field.name + '"');
  }
}

void check_data(const std::vector<DataArray>& data, const std::vector<Coordinate>& coordinates) {
  for (const DataArray& array : data) {
    check_shape(array.variable, "data");
    if (array.values.size() != array.variable.size())
      throw Error("data \"" + array.variable.name + "\": expected " +
                  std::to_string(array.variable.size()) + " numbers, found " +
                  std::to_string(array.values.size()));
    for (std::size_t axis = 0; axis < array.variable.dims.size(); ++axis)
      for (const Coordinate& coordinate : coordinates)
        if (coordinate.dim == array.variable.dims[axis] &&
            Index(coordinate.labels.size()) != array.variable.shape[axis])
          throw Error("labels of the dimension \"" + coordinate.dim + "\": expected " +
                      std::to_string(array.variable.shape[axis]) + ", found " +
                      std::to_string(coordinate.labels.size()));
  }
}

Index data_items(Model& model) {
  if (Density* density = model.density(); density && density->item_count() > 0)
    return density->item_count();
  if (LatentItems* items = model.latent_items())
    return items->item_count(LatentItems::Split::train);
  if (Conjugate* conjugate = model.conjugate()) return conjugate->item_count();
  return 0;
}

}  // namespace elbow
