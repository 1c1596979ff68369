#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

namespace elbow {

/// Whether a text begins as a JSON object or list does.
bool looks_like_json(const std::string& content);

/// Parses the content of a JSON file. @throws Error naming file:line:column and what is wrong.
nlohmann::ordered_json parse_json(const std::filesystem::path& file, const std::string& content);

/// What was found, for an error's text: `a list`, `the text "x"`, `the number 0.5`, ...
std::string describe_json(const nlohmann::ordered_json& value);

}  // namespace elbow
