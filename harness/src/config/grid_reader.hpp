#pragma once

#include <string>
#include <vector>

#include "config/block_reader.hpp"
#include "config/named_tables.hpp"
#include "config/overrides.hpp"

namespace elbow {

/// Reads the grids of a file: which models and methods each has, and with which changes.
class GridReader {
 public:
  /// @param overrides  of the command line; those inside models and methods are laid over them
  GridReader(const std::vector<NamedTable>& models, const std::vector<NamedTable>& methods,
             const std::vector<Override>& overrides, const BlockReader& blocks,
             const ReadingContext& context)
      : models_(models),
        methods_(methods),
        overrides_(overrides),
        blocks_(blocks),
        context_(context) {}

  /// @param tables   the [[grid]]s of the file; without any there is one of everything
  /// @param repeats  of the experiment, for grids that do not say their own
  std::vector<Grid> read(const std::vector<const Node*>& tables, std::uint32_t repeats);

 private:
  Block read_block(bool is_model, const NamedTable& named, const Node* changes);
  /// The blocks of one grid: those that `selected` lists (all when null), with `changes` laid over.
  std::vector<Block> read_blocks(bool is_model, const Node* selected, const Node* changes);
  void check_changes(const std::string& kind, const Node& changes,
                     const std::vector<NamedTable>& tables,
                     const std::vector<std::string>& selected);
  void report_unused(const std::string& kind, const std::vector<NamedTable>& tables,
                     const std::vector<std::string>& used);

  const std::vector<NamedTable>&models_, &methods_;
  const std::vector<Override>& overrides_;
  const BlockReader& blocks_;
  const ReadingContext& context_;
  std::vector<std::string> used_models_, used_methods_;
};

}  // namespace elbow
