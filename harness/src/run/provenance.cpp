#include "run/provenance.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <elbow/error.hpp>
#include <elbow/plugin.hpp>

#include "data/digest.hpp"

namespace elbow {

namespace {

struct stat status_of(const std::filesystem::path& file) {
  struct stat status {};
  if (stat(file.c_str(), &status) != 0)
    throw Error(file.string() + ": " + std::strerror(errno) +
                "; the plugin was there when the run began");
  return status;
}

/// Whether both describe one state of one file, as far as can be told without reading it.
bool same(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_size == b.st_size &&
         a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

}  // namespace

PluginDigests::PluginDigests(const Plan& plan, const Catalog& catalog) {
  const auto digest = [&](const PlannedPlugin& plugin) -> Digest {
    const std::string name = std::string(kind_name(plugin.kind)) + "/" + plugin.name;
    if (const PluginInfo* info = catalog.find(plugin.kind, plugin.name))
      return {name, info->digest, info->file, status_of(info->file)};
    const PluginRefusal* refusal = catalog.refusal(plugin.kind, plugin.name);
    throw Error(name + ": " + (refusal ? refusal->reason : "there is no such plugin"));
  };
  for (const ModelVariant& model : plan.models) of_model_.push_back({digest(model.plugin)});
  for (const MethodVariant& method : plan.methods) {
    Digests& digests = of_method_.emplace_back();
    for (const auto* plugin :
         {&method.family, &method.estimator, &method.optimizer, &method.sampler})
      if (*plugin) digests.push_back(digest(**plugin));
  }
}

Json PluginDigests::of(const Cell& cell) const {
  Json digests = Json::object();
  for (const Digests* part : of_parts(cell))
    for (const Digest& plugin : *part) digests[plugin.name] = plugin.sha256;
  return digests;
}

bool PluginDigests::match(const Cell& cell, const Json& provenance) const {
  const auto stored = provenance.find("plugins");
  if (stored == provenance.end() || !stored->is_object()) return false;
  for (const Digests* part : of_parts(cell))
    for (const Digest& plugin : *part)
      if (const auto entry = stored->find(plugin.name);
          entry == stored->end() || *entry != plugin.sha256)
        return false;
  return true;
}

void PluginDigests::require_unchanged(const Cell& cell) const {
  for (const Digests* part : of_parts(cell))
    for (const Digest& plugin : *part)
      if (!same(plugin.status, status_of(plugin.file)))
        throw Error(plugin.file.string() +
                    ": the plugin has changed since the run began; run again, so that no result "
                    "mixes two builds");
}

Json run_provenance() {
  utsname machine;
  uname(&machine);
  char start[32];
  const std::time_t now = std::time(nullptr);
  std::tm utc;
  std::strftime(start, sizeof start, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
  const BuildTag tag;
  return {
      {"program", "elbow 0.1.0"},
      {"program_sha256", sha256_of_file("/proc/self/exe")},
      {"plugin_abi", ELBOW_ABI},
      {"sdk", tag.sdk_hash},
      {"eigen", std::to_string(EIGEN_WORLD_VERSION) + "." + std::to_string(EIGEN_MAJOR_VERSION) +
                    "." + std::to_string(EIGEN_MINOR_VERSION)},
      {"host", machine.nodename},
      {"system", std::string(machine.sysname) + " " + machine.release + " " + machine.machine},
      {"run_started", start}};
}

}  // namespace elbow
