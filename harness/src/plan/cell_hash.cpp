#include "plan/cell_hash.hpp"

#include "data/digest.hpp"

namespace elbow {
namespace {

/// Raised whenever the meaning of a resolved configuration changes.
constexpr const char* format_version = "elbow cell 1";

/// nlohmann's default objects are sorted by key.
nlohmann::json canonical(const Json& value) {
  if (value.is_object()) {
    nlohmann::json object = nlohmann::json::object();
    const bool is_file = value.contains("path") && value.contains("sha256");
    for (const auto& [key, item] : value.items())
      if (!is_file || key != "path") object[key] = canonical(item);
    return object;
  }
  if (value.is_array()) {
    nlohmann::json array = nlohmann::json::array();
    for (const Json& item : value) array.push_back(canonical(item));
    return array;
  }
  return value;
}

void add(std::string& text, const PlannedPlugin& plugin) {
  text.append("\n").append(std::to_string(std::uint32_t(plugin.kind)));
  text.append(" ").append(plugin.name).append(" ").append(canonical_text(plugin.options));
}

}  // namespace

std::string canonical_text(const Json& value) { return canonical(value).dump(); }

std::string model_digest(const std::string& name, const ModelVariant& model) {
  std::string text = Json(name).dump();
  add(text, model.plugin);
  // The reference does not change the draws, but what they are compared with.
  if (!model.settings.empty()) text.append("\n").append(canonical_text(model.settings));
  return sha256_of_text(text);
}

std::string method_digest(const std::string& name, const MethodVariant& method) {
  std::string text = Json(name).dump();
  for (const auto* plugin : {&method.family, &method.estimator, &method.optimizer, &method.sampler})
    if (*plugin) add(text, **plugin);
  text.append("\n").append(canonical_text(method.settings));
  return sha256_of_text(text);
}

CellHasher::CellHasher(std::uint64_t seed, const Json& evaluation)
    : prefix_(std::string(format_version) + "\n" + std::to_string(seed) + "\n" +
              canonical_text(evaluation) + "\n") {}

std::string CellHasher::operator()(const std::string& model, const std::string& method,
                                   std::uint32_t replicate) const {
  std::string text = prefix_;
  text.append(model).append("\n").append(method).append("\n").append(std::to_string(replicate));
  return sha256_of_text(text).substr(0, 32);
}

}  // namespace elbow
