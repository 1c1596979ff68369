#include "plugins/scan.hpp"

#include <algorithm>

#include "data/digest.hpp"
#include "plugins/child_scan.hpp"
#include "plugins/folders.hpp"

namespace elbow {
namespace {

bool same_name(const PluginFile& a, const PluginFile& b) {
  return a.kind == b.kind && a.name == b.name;
}

/// Takes files out that share kind and name with another, refusing each. @param files  sorted
std::vector<PluginFile> without_duplicates(const std::vector<PluginFile>& files,
                                           std::vector<PluginRefusal>& refusals) {
  std::vector<PluginFile> unique;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const PluginFile& file = files[i];
    const PluginFile* twin = nullptr;
    if (i > 0 && same_name(files[i - 1], file)) twin = &files[i - 1];
    if (i + 1 < files.size() && same_name(files[i + 1], file)) twin = &files[i + 1];
    if (!twin) {
      unique.push_back(file);
      continue;
    }
    refusals.push_back({file.file,
                        file.file.string() + ": expected one " + kind_name(file.kind) +
                            " of the name \"" + file.name + "\", found a second one in " +
                            twin->file.string(),
                        file.kind, file.name});
  }
  return unique;
}

Catalog scan_files(const std::vector<PluginFile>& files, const ScanSettings& settings) {
  Catalog catalog;
  describe_in_child(without_duplicates(files, catalog.refusals), settings.deadline, catalog);
  if (settings.digests)
    for (PluginInfo& plugin : catalog.plugins) plugin.digest = sha256_of_file(plugin.file);
  return catalog;
}

}  // namespace

Catalog scan_plugins(const std::vector<std::filesystem::path>& folders,
                     const ScanSettings& settings) {
  return scan_files(plugin_files(folders), settings);
}

Catalog scan_plugins(const std::vector<std::filesystem::path>& folders,
                     const std::vector<PluginName>& wanted, const ScanSettings& settings) {
  std::vector<PluginFile> files = plugin_files(folders);
  std::erase_if(files, [&](const PluginFile& file) {
    return std::none_of(wanted.begin(), wanted.end(), [&](const PluginName& name) {
      return name.kind == file.kind && name.name == file.name;
    });
  });
  return scan_files(files, settings);
}

}  // namespace elbow
