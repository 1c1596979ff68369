#include "plugins/folders.hpp"

#include <algorithm>
#include <cstdlib>
#include <elbow/error.hpp>
#include <sstream>
#include <tuple>

#include "plugins/plugin_info.hpp"

namespace elbow {
namespace {

namespace fs = std::filesystem;

bool has_a_kinds_folder(const fs::path& folder) {
  return std::any_of(std::begin(all_kinds), std::end(all_kinds),
                     [&](Kind kind) { return fs::is_directory(folder / kind_folder(kind)); });
}

/// @param origin  who named the folder, for the error
fs::path checked(const fs::path& folder, const std::string& origin) {
  const std::string where = origin + " \"" + folder.string() + "\": ";
  std::error_code error;
  const fs::file_status status = fs::status(folder, error);
  if (!fs::exists(status)) throw Error(where + "expected a folder, there is no such file");
  if (!fs::is_directory(status)) throw Error(where + "expected a folder, this is a file");
  if (!has_a_kinds_folder(folder))
    throw Error(where +
                "expected plugins as <kind>/<name>.so with <kind> one of models, families, "
                "estimators, optimizers, samplers; there is no such folder in it");
  return fs::canonical(folder);
}

void add_once(std::vector<fs::path>& folders, fs::path folder) {
  if (std::find(folders.begin(), folders.end(), folder) == folders.end())
    folders.push_back(std::move(folder));
}

}  // namespace

std::vector<fs::path> plugin_folders(const std::vector<fs::path>& given) {
  std::vector<fs::path> folders;
  const fs::path program = fs::read_symlink("/proc/self/exe");
  const fs::path installed = program.parent_path().parent_path() / "lib/elbow/plugins";
  if (fs::is_directory(installed)) folders.push_back(fs::canonical(installed));

  if (const char* variable = std::getenv("ELBOW_PLUGIN_PATH")) {
    std::istringstream entries(variable);
    for (std::string entry; std::getline(entries, entry, ':');) {
      // An empty entry would name the current directory, which is never searched unasked.
      if (entry.empty()) continue;
      if (fs::path(entry).is_relative())
        throw Error("$ELBOW_PLUGIN_PATH: expected absolute folders, got \"" + entry + "\"");
      add_once(folders, checked(entry, "$ELBOW_PLUGIN_PATH:"));
    }
  }
  for (const fs::path& folder : given) add_once(folders, checked(folder, "plugin folder"));
  return folders;
}

std::vector<PluginFile> plugin_files(const std::vector<fs::path>& folders) {
  std::vector<PluginFile> files;
  for (const fs::path& folder : folders) {
    for (Kind kind : all_kinds) {
      const fs::path of_kind = folder / kind_folder(kind);
      std::error_code error;
      if (!fs::is_directory(of_kind, error)) continue;
      fs::directory_iterator entries(of_kind, error);
      if (error) throw Error("plugin folder \"" + of_kind.string() + "\": " + error.message());
      for (const fs::directory_entry& entry : entries) {
        const fs::path& file = entry.path();
        if (file.extension() != ".so") continue;
        const bool seen = std::any_of(files.begin(), files.end(), [&](const PluginFile& other) {
          return other.kind == kind && other.name == file.stem() &&
                 fs::equivalent(other.file, file, error);
        });
        if (!seen) files.push_back({file, kind, file.stem().string()});
      }
    }
  }
  std::stable_sort(files.begin(), files.end(), [](const PluginFile& a, const PluginFile& b) {
    return std::tie(a.kind, a.name) < std::tie(b.kind, b.name);
  });
  return files;
}

std::vector<std::string> plugin_names(const std::vector<fs::path>& folders, Kind kind) {
  std::vector<std::string> names;
  for (const PluginFile& file : plugin_files(folders))
    if (file.kind == kind && (names.empty() || names.back() != file.name))
      names.push_back(file.name);
  return names;
}

}  // namespace elbow
