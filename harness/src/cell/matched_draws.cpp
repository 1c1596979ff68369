#include "cell/matched_draws.hpp"

#include <algorithm>
#include <elbow/error.hpp>
#include <elbow/math.hpp>
#include <map>

#include "data/printable.hpp"

namespace elbow {
namespace {

/// The variable that an element belongs to: "theta" of "theta[1]".
std::string owner_of(const std::string& element) { return element.substr(0, element.find('[')); }

std::string shape_text(const std::vector<Index>& shape) {
  if (shape.empty()) return "";
  std::string text;
  for (const Index extent : shape) text += (text.empty() ? "[" : ", ") + std::to_string(extent);
  return text + "]";
}

std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t most = 20;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), most); ++i)
    text += (i == 0 ? "" : ", ") + printable(names[i]);
  return names.size() > most ? text + ", ..." : text;
}

/// The variables of a file, with the number of their elements: "mu, theta[8]".
std::vector<std::string> file_variables(const std::vector<std::string>& elements) {
  std::vector<std::string> order;
  std::map<std::string, int> sizes;
  bool has_index = false;
  for (const std::string& element : elements) {
    const std::string owner = owner_of(element);
    if (sizes[owner]++ == 0) order.push_back(owner);
    has_index |= owner != element;
  }
  if (has_index)
    for (std::string& name : order)
      if (sizes[name] > 1) name += "[" + std::to_string(sizes[name]) + "]";
  return order;
}

std::vector<std::string> model_variables(const std::vector<Variable>& variables) {
  std::vector<std::string> names;
  for (const Variable& variable : variables)
    names.push_back(variable.name + shape_text(variable.shape));
  return names;
}

}  // namespace

MatchedDraws match_draws(NamedDraws draws, const std::vector<Variable>& variables, bool partial) {
  std::map<std::string, Index> places;
  std::map<std::string, Index> sizes;  // elements that the file has of each variable
  for (std::size_t j = 0; j < draws.names.size(); ++j) {
    if (!places.emplace(draws.names[j], Index(j)).second)
      throw Error("the reference has \"" + printable(draws.names[j]) + "\" twice");
    ++sizes[owner_of(draws.names[j])];
  }
  const auto both_sides = [&] {
    return "the model has " + listed(model_variables(variables)) + "; the reference has " +
           listed(file_variables(draws.names));
  };

  std::vector<Index> columns;  // -1: missing
  std::vector<std::string> missing;
  for (const Variable& variable : variables) {
    std::vector<std::string> elements = element_names(variable.name, variable.shape);
    // One number, as a scalar or with an index.
    if (elements.size() == 1 && !places.contains(elements[0])) {
      if (places.contains(variable.name))
        elements[0] = variable.name;
      else if (places.contains(variable.name + "[1]"))
        elements[0] = variable.name + "[1]";
    }
    const auto size = sizes.find(variable.name);
    const bool is_missing = size == sizes.end();
    if (is_missing) missing.push_back(variable.name);
    for (const std::string& element : elements) {
      const auto place = places.find(element);
      if (!is_missing && (place == places.end() || size->second != Index(elements.size())))
        throw Error("the variable " + variable.name + shape_text(variable.shape) +
                    " has another shape in the reference, which has " +
                    std::to_string(size->second) + " of its numbers" +
                    (place == places.end() ? " and no " + element : "") + "; " + both_sides());
      columns.push_back(is_missing ? -1 : place->second);
    }
    if (!is_missing) sizes.erase(size);
  }
  if (missing.size() == variables.size() || (!missing.empty() && !partial))
    throw Error("the reference has no draws of " + listed(missing) + "; " + both_sides() +
                (missing.size() == variables.size()
                     ? ""
                     : "; with reference_partial = true, what is missing is not compared"));

  MatchedDraws matched;
  for (const Eigen::MatrixXd& chain : draws.chains) {
    Eigen::MatrixXd& to = matched.chains.emplace_back(chain.rows(), Index(columns.size()));
    for (Index c = 0; c < to.cols(); ++c) {
      const Index from = columns[std::size_t(c)];
      if (from < 0)
        to.col(c).setConstant(not_a_number);
      else
        to.col(c) = chain.col(from);
    }
  }
  if (!missing.empty()) matched.note = "the reference has no draws of " + listed(missing);
  std::vector<std::string> extra;
  for (const auto& [name, size] : sizes) extra.push_back(name);
  if (!extra.empty())
    matched.note += (matched.note.empty() ? "the" : "; the") + std::string(" model has no ") +
                    listed(extra) + ", which the reference has";
  return matched;
}

}  // namespace elbow
