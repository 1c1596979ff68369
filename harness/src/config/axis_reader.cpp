#include "config/axis_reader.hpp"

#include <algorithm>

#include "config/nearest.hpp"

namespace elbow {

bool is_axis(const Node& node) {
  return node.is(Node::Type::table) && (node.find("each") || node.find("ablate"));
}

std::optional<AxisNodes> read_axis(const Node& node, const std::string& what, Problems& problems) {
  AxisNodes result;
  result.axis.place = node.place;
  const Node* each = node.find("each");
  const Node* ablate = node.find("ablate");
  if (each && ablate) {
    problems.add(node.place, what + ": an axis has either `each` or `ablate`, not both");
    return {};
  }
  const char* key = each ? "each" : "ablate";
  const Node* base = nullptr;
  bool good = true;
  const std::vector<std::string> keys = each ? std::vector<std::string>{"each", "zip"}
                                             : std::vector<std::string>{"ablate", "base", "zip"};
  for (const Member& member : node.members) {
    if (std::find(keys.begin(), keys.end(), member.key) == keys.end()) {
      problems.add(member.place, what + ": an axis of the grid has no key \"" + member.key + "\"" +
                                     suggestion(member.key, keys));
      good = false;
    } else if (member.key == "zip") {
      if (!member.value.is(Node::Type::text) || member.value.text.empty()) {
        problems.add(member.value.place,
                     what + ": zip must be a name, got " + describe(member.value));
        good = false;
      }
      result.axis.zip = member.value.text;
    } else if (member.key == "base") {
      base = &member.value;
    }
  }
  const Node& list = each ? *each : *ablate;
  if (!list.is(Node::Type::array)) {
    problems.add(list.place, what + ": " + key + " must be a list, got " + describe(list));
    return {};
  }
  if (list.items.empty()) {
    problems.add(list.place, what + ": " + key + " must list at least one value, got []");
    return {};
  }
  if (ablate && !base) {
    problems.add(node.place, what + ": ablate needs base = ..., the value for all other cells");
    return {};
  }
  if (!good) return {};
  result.axis.kind = each ? AxisKind::each : AxisKind::ablate;
  if (base) result.values.push_back(base);
  for (const Node& item : list.items) result.values.push_back(&item);
  return result;
}

}  // namespace elbow
