#pragma once

#include <sys/stat.h>

#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "plan/plan.hpp"
#include "plugins/plugin_info.hpp"

namespace elbow {

/// The plugins of cells and the digests of their files: what a result is a function of, besides its
/// configuration.
class PluginDigests {
 public:
  /// @param catalog  with digests
  /// @throws Error for a plugin of the plan that the catalog does not have, with its refusal
  PluginDigests(const Plan& plan, const Catalog& catalog);

  /// {"model/gaussian": "<SHA-256>", ...}: the entry `plugins` of a cell's provenance.
  Json of(const Cell& cell) const;

  /// Whether a cell with this provenance was made by the same plugin files as this cell would be
  /// now.
  bool match(const Cell& cell, const Json& provenance) const;

  /// To be called before a cell maps its plugins, so that its provenance is true.
  /// @throws Error when a plugin's file is not the one that was there at the beginning
  void require_unchanged(const Cell& cell) const;

 private:
  struct Digest {
    std::string name;  ///< kind/name
    std::string sha256;
    std::filesystem::path file;
    struct stat status;
  };
  using Digests = std::vector<Digest>;
  std::array<const Digests*, 2> of_parts(const Cell& cell) const {
    return {&of_model_[cell.model], &of_method_[cell.method]};
  }
  std::vector<Digests> of_model_, of_method_;
};

/// What is stored with every cell of a run, besides the digests of its plugins: the program, its
/// SDK, the machine, when the run began.
Json run_provenance();

}  // namespace elbow
