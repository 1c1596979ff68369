#pragma once

#include <algorithm>
#include <charconv>
#include <elbow/types.hpp>
#include <map>
#include <numeric>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace elbow {

/// The numbers that a Stan program writes, put together to named and shaped variables.
struct StanVariables {
  std::vector<Variable> variables;
  /// [C]  for every element of the variables, in their order, the number's place in Stan's output.
  std::vector<Index> source;
  /// Whether `source` is 0, 1, ..., so that Stan's output needs no change.
  bool in_order = true;
};

/// One number's name taken apart: `a.1:2.3` is element (1, 3) of the variable `a:2`, the second
/// member of the tuples in the array `a`; `z.4.imag` is element (4) of `z.imag`.
struct StanName {
  std::string variable;
  std::vector<Index> indices;  ///< from 1

  explicit StanName(std::string_view text) {
    std::size_t end = std::min(text.find_first_of(".:"), text.size());
    variable = text.substr(0, end);
    while (end < text.size()) {
      const std::size_t begin = end;
      end = std::min(text.find_first_of(".:", begin + 1), text.size());
      const std::string_view part = text.substr(begin, end - begin);
      Index index = 0;
      const auto [rest, error] = std::from_chars(part.data() + 1, part.data() + part.size(), index);
      if (part[0] == '.' && error == std::errc() && rest == part.data() + part.size() && index >= 1)
        indices.push_back(index);
      else
        variable += part;
    }
  }
};

/// The elements of one variable, in the order of Stan's output.
struct StanElements {
  std::vector<std::vector<Index>> indices;
  std::vector<Index> places;

  /// The shape when the elements fill it, every index once; nothing else can be made an array of.
  /// Then `places` comes out column-major.
  bool arrange(std::vector<Index>& shape) {
    shape.assign(indices.front().size(), 0);
    for (const auto& element : indices) {
      if (element.size() != shape.size()) return false;
      for (std::size_t axis = 0; axis < shape.size(); ++axis)
        shape[axis] = std::max(shape[axis], element[axis]);
    }
    // Their product may be any number where the elements do not fill it.
    double size = 1;
    for (const Index extent : shape) size *= double(extent);
    if (size != double(places.size())) return false;
    std::vector<Index> sorted(places.size(), -1);
    for (std::size_t i = 0; i < indices.size(); ++i) {
      Index at = 0;
      for (std::size_t axis = shape.size(); axis-- > 0;)
        at = at * shape[axis] + indices[i][axis] - 1;
      if (sorted[std::size_t(at)] >= 0) return false;
      sorted[std::size_t(at)] = places[i];
    }
    places = std::move(sorted);
    return true;
  }
};

/// @param names  as from bs_param_names: `mu,theta.1,theta.2,L.1.1`; a variable without elements is
///               not among them. Names that do not make up an array stay variables of their own.
inline StanVariables stan_variables(std::string_view names) {
  std::vector<std::string> whole;
  std::vector<std::string> order;
  std::map<std::string, StanElements> elements;
  for (std::size_t begin = 0; begin < names.size();) {
    const std::size_t end = std::min(names.find(',', begin), names.size());
    StanName name(names.substr(begin, end - begin));
    StanElements& variable = elements[name.variable];
    if (variable.places.empty()) order.push_back(name.variable);
    variable.indices.push_back(std::move(name.indices));
    variable.places.push_back(Index(whole.size()));
    whole.emplace_back(names.substr(begin, end - begin));
    begin = end + 1;
  }

  StanVariables all;
  for (const std::string& name : order) {
    StanElements& variable = elements[name];
    std::vector<Index> shape;
    if (variable.arrange(shape)) {
      all.variables.push_back({name, shape, {}, ""});
    } else {
      for (const Index place : variable.places)
        all.variables.push_back({whole[std::size_t(place)], {}, {}, ""});
    }
    all.source.insert(all.source.end(), variable.places.begin(), variable.places.end());
  }
  for (std::size_t i = 0; i < all.source.size(); ++i) all.in_order &= all.source[i] == Index(i);
  return all;
}

}  // namespace elbow
