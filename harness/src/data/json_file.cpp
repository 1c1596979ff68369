#include "data/json_file.hpp"

#include <algorithm>
#include <elbow/error.hpp>

#include "data/printable.hpp"

namespace elbow {

bool looks_like_json(const std::string& content) {
  const std::size_t start = content.find_first_not_of(" \t\r\n");
  return start != std::string::npos && (content[start] == '{' || content[start] == '[');
}

nlohmann::ordered_json parse_json(const std::filesystem::path& file, const std::string& content) {
  try {
    return nlohmann::ordered_json::parse(content);
  } catch (const nlohmann::json::parse_error& error) {
    const std::size_t at = std::min(error.byte > 0 ? error.byte - 1 : 0, content.size());
    const auto line = 1 + std::count(content.begin(), content.begin() + std::ptrdiff_t(at), '\n');
    const std::size_t line_end = at == 0 ? std::string::npos : content.rfind('\n', at - 1);
    const std::size_t column = line_end == std::string::npos ? at + 1 : at - line_end;
    std::string reason = error.what();
    // "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error ..."
    if (const std::size_t colon = reason.find(": "); colon != std::string::npos)
      reason = reason.substr(colon + 2);
    throw Error(file.string() + ":" + std::to_string(line) + ":" + std::to_string(column) +
                ": is not JSON: " + printable(reason, 200));
  } catch (const nlohmann::json::exception& error) {
    throw Error(file.string() + ": is not JSON: " + printable(error.what(), 200));
  }
}

std::string describe_json(const nlohmann::ordered_json& value) {
  if (value.is_array()) return value.empty() ? "an empty list" : "a list";
  if (value.is_object()) return "an object";
  if (value.is_string()) return "the text \"" + printable(value.get<std::string>(), 40) + "\"";
  if (value.is_number()) return "the number " + value.dump();
  return value.dump();
}

}  // namespace elbow
