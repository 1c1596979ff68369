#include "data/posteriordb.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <elbow/error.hpp>
#include <fstream>

#include "data/digest.hpp"
#include "data/file_content.hpp"
#include "data/json_file.hpp"
#include "data/temporary_file.hpp"

namespace elbow {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

/// A file as it is or zipped; empty when there is neither.
fs::path plain_or_zipped(fs::path file) {
  if (is_file(file)) return file;
  file += ".zip";
  return is_file(file) ? file : fs::path();
}

std::string text_of(const fs::path& file, const Json& object, const char* key, bool may_be_null) {
  const auto found = object.find(key);
  if (found != object.end() && found->is_string()) return *found;
  if (may_be_null && (found == object.end() || found->is_null())) return "";
  throw Error(file.string() + ": expected a text \"" + key + "\", got " +
              (found == object.end() ? "none" : describe_json(*found)));
}

/// A number of elements, or a list of extents; one element is a scalar.
Variable variable_of(const fs::path& file, const std::string& name, const Json& value) {
  Variable variable{name, {}, {}, ""};
  const auto add = [&](const Json& extent) {
    if (!extent.is_number_integer() || extent.get<Index>() < 0)
      throw Error(file.string() + ": dimensions: " + name +
                  ": expected a number of elements, got " + describe_json(extent));
    variable.shape.push_back(extent.get<Index>());
  };
  if (value.is_array())
    for (const Json& extent : value) add(extent);
  else
    add(value);
  if (variable.shape == std::vector<Index>{1}) variable.shape.clear();
  return variable;
}

fs::path cache_folder() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache && *cache) return cache;
  if (const char* home = std::getenv("HOME"); home && *home) return fs::path(home) / ".cache";
  throw Error("neither $XDG_CACHE_HOME nor $HOME says where files can be unpacked");
}

}  // namespace

PosteriorDatabase::PosteriorDatabase(const fs::path& root) {
  std::error_code error;
  for (const fs::path& folder : {root, root / "posterior_database"})
    if (root_.empty() && fs::is_directory(folder / "posteriors", error)) root_ = folder;
  if (root_.empty())
    throw Error(root.string() +
                " is no checkout of posteriordb: there is no folder posteriors in it, nor in its "
                "folder posterior_database");
  root_ = fs::absolute(root_).lexically_normal();
  for (const auto& entry : fs::directory_iterator(root_ / "posteriors"))
    if (entry.path().extension() == ".json") names_.push_back(entry.path().stem().string());
  std::sort(names_.begin(), names_.end());
  const fs::path aliases = root_ / "alias/posteriors.json";
  if (!is_file(aliases)) return;
  const Json names = parse_json(aliases, read_content(aliases));
  for (const auto& [alias, name] : names.items())
    if (name.is_string()) aliases_.emplace(alias, name.get<std::string>());
}

PosteriorDatabase PosteriorDatabase::from_environment() {
  const char* root = std::getenv("POSTERIORDB");
  if (!root || !*root)
    throw Error(
        "$POSTERIORDB is not set: it must name a checkout of posteriordb "
        "(https://github.com/stan-dev/posteriordb)");
  try {
    return PosteriorDatabase(root);
  } catch (const Error& error) {
    throw Error(std::string("$POSTERIORDB: ") + error.what());
  }
}

std::string PosteriorDatabase::resolved(const std::string& name) const {
  const auto alias = aliases_.find(name);
  return alias == aliases_.end() ? name : alias->second;
}

DatabasePosterior PosteriorDatabase::posterior(const std::string& name) const {
  const fs::path file = root_ / "posteriors" / (name + ".json");
  const Json json = parse_json(file, read_content(file));
  if (!json.is_object())
    throw Error(file.string() + ": expected a JSON object, got " + describe_json(json));
  DatabasePosterior posterior;
  posterior.name = name;
  posterior.model_name = text_of(file, json, "model_name", false);
  posterior.data_name = text_of(file, json, "data_name", false);
  posterior.reference_name = text_of(file, json, "reference_posterior_name", true);
  if (const auto dimensions = json.find("dimensions");
      dimensions != json.end() && dimensions->is_object())
    for (const auto& [variable, extents] : dimensions->items())
      posterior.variables.push_back(variable_of(file, variable, extents));
  posterior.data = plain_or_zipped(root_ / "data/data" / (posterior.data_name + ".json"));
  const fs::path program = root_ / "models/stan" / (posterior.model_name + ".stan");
  if (is_file(program)) posterior.program = program;
  if (!posterior.reference_name.empty())
    posterior.reference = plain_or_zipped(root_ / "reference_posteriors/draws/draws" /
                                          (posterior.reference_name + ".json"));
  return posterior;
}

fs::path unpacked(const fs::path& file) {
  const std::string extension = file.extension().string();
  if (extension != ".zip" && extension != ".gz") return file;
  const fs::path folder = cache_folder() / "elbow/posteriordb";
  const fs::path copy = folder / sha256_of_file(file).substr(0, 16) / file.stem().filename();
  if (is_file(copy)) return copy;
  const std::string content = read_content(file);
  std::error_code error;
  fs::create_directories(copy.parent_path(), error);
  const fs::path temporary = temporary_beside(copy);
  std::ofstream out(temporary, std::ios::binary);
  out << content;
  out.close();
  if (!out)
    throw Error(temporary.string() + ": cannot be written: " + std::strerror(errno) +
                "; it is to hold what is in " + file.string());
  fs::rename(temporary, copy, error);
  if (error) throw Error(copy.string() + ": cannot be written: " + error.message());
  return copy;
}

}  // namespace elbow
