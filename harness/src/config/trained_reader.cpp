#include "config/trained_reader.hpp"

#include <elbow/error.hpp>

#include "config/axis_reader.hpp"
#include "config/nearest.hpp"

namespace elbow {
namespace {

using Type = Node::Type;

/// Reports a problem and returns nothing where the table does not choose a cell.
std::optional<CellChoice> read_choice(const Node& table, const std::string& owner,
                                      Problems& problems) {
  CellChoice choice;
  bool good = true;
  const auto problem = [&](const Place& place, const std::string& text) {
    problems.add(place, owner + text);
    good = false;
  };
  for (const Member& member : table.members) {
    const Node& value = member.value;
    const auto take = [&](std::string& text) {
      if (!value.is(Type::text))
        problem(value.place, member.key + " must be a text, got " + describe(value));
      text = value.text;
    };
    if (member.key == "results")
      take(choice.results);
    else if (member.key == "model")
      take(choice.model);
    else if (member.key == "method")
      take(choice.method);
    else if (member.key == "replicate" && value.is(Type::integer) && value.integer >= 0)
      choice.replicate = value.integer;
    else if (member.key == "replicate")
      problem(value.place, "replicate must be an integer of at least 0, got " + describe(value));
    else
      problem(member.place,
              "there is no key \"" + member.key + "\"" +
                  suggestion(member.key, {"results", "model", "method", "replicate"}));
  }
  if (good && choice.results.empty())
    problem(table.place,
            "must be a cell's file, or { results = \"results/EXPERIMENT\", method = \"...\" }");
  if (!good) return {};
  return choice;
}

/// Replaces one value. @return false after reporting a problem
bool replace(Node& value, const std::string& owner, const CellFinder& find_cell,
             Problems& problems) {
  if (!value.is(Type::table) || value.find("file")) return true;
  const auto choice = read_choice(value, owner, problems);
  if (!choice) return false;
  try {
    if (!find_cell) throw Error("cells of other experiments cannot be looked up here");
    const std::filesystem::path file = find_cell(*choice);
    const Place place = value.place;
    value = Node();
    value.type = Type::text;
    value.place = place;
    value.text = file.string();
    return true;
  } catch (const Error& error) {
    problems.add(value.place, owner + error.what());
    return false;
  }
}

}  // namespace

std::optional<Node> with_chosen_cells(const Node& node, const std::string& owner,
                                      const CellFinder& find_cell, Problems& problems) {
  Node result = node;
  bool good = true;
  if (is_axis(node)) {
    for (const char* key : {"each", "ablate", "base"})
      if (Node* values = result.find(key)) {
        if (values->is(Type::array))
          for (Node& item : values->items) good &= replace(item, owner, find_cell, problems);
        else
          good &= replace(*values, owner, find_cell, problems);
      }
  } else {
    good = replace(result, owner, find_cell, problems);
  }
  if (!good) return {};
  return result;
}

}  // namespace elbow
