#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "record/group_writer.hpp"

namespace elbow {

enum class StoredAs { real, integer, boolean };

struct StreamedVariable {
  Variable variable;
  std::string help;
  StoredAs stored_as = StoredAs::real;
};

/// Datasets of one group that grow together along one dimension: [chain,] growing, *event. Rows are
/// collected in memory and written in blocks that are whole chunks of the file. The memory used
/// does not grow with the number of rows.
class StreamRecorder {
 public:
  /// @param dimension  the one that grows
  /// @param chains     absent: no chain dimension, and the first variable is the coordinate of the
  ///                   growing one
  StreamRecorder(GroupWriter& group, std::vector<StreamedVariable> variables, std::string dimension,
                 std::optional<Index> chains);

  /// @param values  [C x n]  the next n rows of one chain, one per column
  void append(Index chain, Draws values);
  // Of scalars without chains:
  Index rows() const { return chains_.front().written + chains_.front().buffered; }
  Index rows_per_block() const { return rows_; }
  /// @param[out] values  [C x n]  rows first ... first + n - 1 as they were appended
  void read_back(Index first, DrawsOut values) const;

  /// Writes what is left; no appending afterwards.
  void finish();

 private:
  struct Column {
    StreamedVariable described;
    Index offset;                ///< of its first element in a row
    Index size;                  ///< elements per row
    std::vector<Index> c_order;  ///< see c_order()
    std::vector<std::string> dimensions;
    H5::DataSet dataset;
    bool created = false;
  };
  struct Chain {
    Index written = 0;   ///< rows in the file
    Index buffered = 0;  ///< rows in memory after them
  };
  /// Neighbouring chains that share chunks and are written together. Rows are turned into columns
  /// as they come, while they are in the processor's cache, so that a full block goes into the file
  /// as it is.
  struct Block {
    Index first, count;
    /// Column after column; of each [event x rows_ x count], events in C order. Null until needed,
    /// and never touched beyond what is buffered: most cells have few rows.
    std::unique_ptr<double[]> columns;
    bool in_use = false;
  };

  Index room(const Chain& chain) const { return rows_ - chain.written % rows_ - chain.buffered; }
  /// Appends rows of one chain to a column of a block.
  static void take(const Column& column, Draws values, double* out);
  void flush(Block& block);
  void write(Column& column, const Block& block, Index first, Index count, Index rows);
  void create(Column& column, const void* sample, std::size_t sample_bytes);
  /// The elements of a column as they are stored, [count x rows x event]; in the block or in
  /// scratch_.
  const void* gather(const Column& column, const Block& block, Index first, Index count,
                     Index rows);
  void pad();

  GroupWriter& group_;
  std::string dimension_;
  bool has_chains_;
  std::vector<Column> columns_;
  std::vector<Chain> chains_;
  std::vector<Block> blocks_;
  Index row_size_ = 0;  ///< C
  Index rows_ = 1;      ///< per chain and block
  Index chains_per_block_ = 1;
  Index extent_ = 0;       ///< of the growing dimension in the file
  bool complete_ = false;  ///< no more rows will come: datasets created now have their final size
  std::size_t live_bytes_ = 0;  ///< in the blocks that are in use
  std::vector<double> scratch_;
};

}  // namespace elbow
