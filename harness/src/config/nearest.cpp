#include "config/nearest.hpp"

#include <algorithm>

namespace elbow {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  // Rows i - 2, i - 1 and i of the table of distances between prefixes.
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

std::string nearest_name(std::string_view typed, const std::vector<std::string>& names) {
  // No name is as long as this; a file that is not an experiment must not cost quadratic time.
  constexpr std::size_t longest = 200;
  if (typed.size() > longest) return "";
  std::size_t best = std::max<std::size_t>(typed.size() / 3, 1) + 1;
  std::string nearest;
  for (const std::string& name : names) {
    const std::size_t distance = edit_distance(typed, name);
    if (distance < best && distance < name.size()) {
      best = distance;
      nearest = name;
    }
  }
  return nearest;
}

std::string suggestion(std::string_view typed, const std::vector<std::string>& names,
                       const std::vector<std::string>& also) {
  std::vector<std::string> all = names;
  all.insert(all.end(), also.begin(), also.end());
  if (const std::string near = nearest_name(typed, all); !near.empty())
    return "; did you mean \"" + near + "\"?";
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "; there are " : ", ") + name;
  return text;
}

std::string misspelt(const Node& table, const std::string& key) {
  for (const Member& member : table.members)
    if (!nearest_name(member.key, {key}).empty())
      return "; did you mean that by \"" + member.key + "\"?";
  return "";
}

}  // namespace elbow
