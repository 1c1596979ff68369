// What a model hands to the result file.

#include <map>

#include "check/suites.hpp"

namespace elbow::check {
namespace {

Outcome arrays(Model& model) {
  Index numbers = 0, count = 0;
  for (const DataArray& array : model.data()) {
    const Variable& v = array.variable;
    if (v.name.empty()) return failed("a data array has no name");
    if (array.values.size() != v.size())
      return failed("\"", v.name, "\" has ", array.values.size(), " numbers, its shape asks for ",
                    v.size());
    if (!v.dims.empty() && v.dims.size() != v.shape.size())
      return failed("\"", v.name, "\" has ", v.shape.size(), " axes and ", v.dims.size(),
                    " names of dimensions");
    numbers += v.size();
    ++count;
  }
  return passed(count, " arrays, ", numbers, " numbers");
}

/// One extent for every named dimension, over variables, data and labels.
Outcome extents(Model& model) {
  std::map<std::string, Index> known;
  std::string conflict;
  const auto note = [&](const std::string& dim, Index extent) {
    const auto [place, added] = known.emplace(dim, extent);
    if (!added && place->second != extent)
      conflict = say("dimension \"", dim, "\" has the extents ", place->second, " and ", extent);
  };
  const auto note_all = [&](const Variable& variable) {
    for (std::size_t i = 0; i < std::min(variable.dims.size(), variable.shape.size()); ++i)
      note(variable.dims[i], variable.shape[i]);
  };
  for (const DataArray& array : model.data()) note_all(array.variable);
  if (model.density())
    for (const Variable& variable : model.density()->variables()) note_all(variable);
  for (const Coordinate& coordinate : model.coordinates()) {
    if (!known.count(coordinate.dim))
      return failed("labels are given for \"", coordinate.dim,
                    "\", which no variable and no data array has");
    note(coordinate.dim, Index(coordinate.labels.size()));
  }
  return judge(conflict.empty(), conflict.empty() ? say(known.size(), " dimensions") : conflict);
}

}  // namespace

void check_model_data(const Bench& bench, Report& report) {
  report.check("data arrays have as many numbers as their shapes say", [&] {
    const Made<Model> model = bench.subject.model();
    return arrays(*model);
  });
  report.check("a named dimension has one extent everywhere", [&] {
    const Made<Model> model = bench.subject.model();
    return extents(*model);
  });
}

}  // namespace elbow::check
