#include "run/provenance.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include <ctime>
#include <elbow/error.hpp>
#include <elbow/plugin.hpp>
#include <optional>

#include "data/digest.hpp"

namespace elbow {

PluginDigests::PluginDigests(const Plan& plan, const Catalog& catalog) {
  const auto digest = [&](const PlannedPlugin& plugin) -> Digest {
    const std::string name = std::string(kind_name(plugin.kind)) + "/" + plugin.name;
    if (const PluginInfo* info = catalog.find(plugin.kind, plugin.name))
      return {name, info->digest};
    const PluginRefusal* refusal = catalog.refusal(plugin.kind, plugin.name);
    throw Error(name + ": " + (refusal ? refusal->reason : "there is no such plugin"));
  };
  for (const ModelVariant& model : plan.models) of_model_.push_back({digest(model.plugin)});
  for (const MethodVariant& method : plan.methods) {
    auto& digests = of_method_.emplace_back();
    for (const auto* plugin :
         {&method.family, &method.estimator, &method.optimizer, &method.sampler})
      if (*plugin) digests.push_back(digest(**plugin));
  }
}

Json PluginDigests::of(const Cell& cell) const {
  Json digests = Json::object();
  for (const auto* part : {&of_model_[cell.model], &of_method_[cell.method]})
    for (const auto& [name, digest] : *part) digests[name] = digest;
  return digests;
}

bool PluginDigests::match(const Cell& cell, const Json& provenance) const {
  const auto stored = provenance.find("plugins");
  if (stored == provenance.end() || !stored->is_object()) return false;
  for (const auto* part : {&of_model_[cell.model], &of_method_[cell.method]})
    for (const auto& [name, digest] : *part)
      if (const auto entry = stored->find(name); entry == stored->end() || *entry != digest)
        return false;
  return true;
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
