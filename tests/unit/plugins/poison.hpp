#pragma once

#include <catch2/catch.hpp>
#include <string>

#include "plugins/scan.hpp"

namespace elbow::test {

/// The folder of one bad plugin.
inline std::filesystem::path poison(const std::string& name) {
  return std::filesystem::path(ELBOW_POISON) / name;
}

/// Why the one plugin of a folder is refused. Fails the test when it is not.
inline std::string refusal_in(const std::filesystem::path& folder,
                              const ScanSettings& settings = {}) {
  const Catalog catalog = scan_plugins({folder}, settings);
  CHECK(catalog.plugins.empty());
  REQUIRE(catalog.refusals.size() == 1);
  const PluginRefusal& refused = catalog.refusals[0];
  // Every refusal names its file, in the text too.
  CHECK_THAT(refused.reason, Catch::StartsWith(refused.file.string() + ": "));
  return refused.reason.substr(refused.file.string().size() + 2);
}

inline std::string refusal_of(const std::string& name) { return refusal_in(poison(name)); }

}  // namespace elbow::test
