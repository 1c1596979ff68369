#include "plan/refusal_text.hpp"

#include <cctype>

namespace elbow {

std::size_t find_word(const std::string& text, const std::string& name) {
  const auto is_letter = [&](std::size_t at) {
    return at < text.size() &&
           (std::isalnum(static_cast<unsigned char>(text[at])) || text[at] == '_');
  };
  for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + 1))
    if (!(at > 0 && is_letter(at - 1)) && !is_letter(at + name.size())) return at;
  return std::string::npos;
}

std::string with_files(const std::string& text, const PlannedPlugin& plugin) {
  std::string all = text;
  for (const auto& [name, value] : plugin.options.items()) {
    if (!value.is_object() || !value.contains("path")) continue;
    std::string file = value["path"];
    if (find_word(text, name) == std::string::npos || text.find(file) != std::string::npos)
      continue;
    if (value.contains("dataset")) file.append(":").append(value["dataset"].get<std::string>());
    all.append("; ").append(name).append(" is ").append(file);
  }
  return all;
}

}  // namespace elbow
