#include "config/node.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "data/printable.hpp"

namespace elbow {

const Node* Node::find(std::string_view key) const {
  const auto found = std::find_if(members.begin(), members.end(),
                                  [&](const Member& member) { return member.key == key; });
  return found == members.end() ? nullptr : &found->value;
}

Node* Node::find(std::string_view key) {
  return const_cast<Node*>(static_cast<const Node*>(this)->find(key));
}

std::string describe(const Node& node) {
  // nlohmann's printer gives the shortest text that reads back as the same number.
  switch (node.type) {
    case Node::Type::boolean:
      return node.boolean ? "true" : "false";
    case Node::Type::integer:
      return "the integer " + std::to_string(node.integer);
    case Node::Type::real:
      if (node.real != node.real) return "nan";
      if (node.real - node.real != 0) return node.real > 0 ? "inf" : "-inf";
      return "the number " + nlohmann::json(node.real).dump();
    case Node::Type::text:
      return "the text \"" + printable(node.text) + "\"";
    case Node::Type::date:
      return "the date or time " + node.text;
    case Node::Type::array:
      return "a list";
    case Node::Type::table:
      return "a table";
  }
  return "";
}

}  // namespace elbow
