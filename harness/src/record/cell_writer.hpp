#pragma once

#include <elbow/error.hpp>
#include <elbow/state_archive.hpp>
#include <elbow/types.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "record/outcome.hpp"

namespace elbow {

/// A result could not be written (disk full, read-only folder, ...); the text names the file and
/// the system's reason. Not an outcome of the cell.
class RecordError : public Error {
 public:
  using Error::Error;
};

/// One number of the group `metrics`.
struct Metric {
  std::string name;
  double value;
  double mcse;  ///< Monte-Carlo standard error; NaN where there is none
  std::string unit;
  std::string help;
};

/// Null where there is none of that name; valid as long as `metrics`.
inline const Metric* find_metric(const std::vector<Metric>& metrics, std::string_view name) {
  for (const Metric& metric : metrics)
    if (metric.name == name) return &metric;
  return nullptr;
}

/// One number per draw and variable along the streamed axes, written in blocks as they come.
/// Rows of a block are the elements of the variables behind each other, columns are draws.
class DrawStream {
 public:
  virtual ~DrawStream() = default;
  /// The next draws of one chain. Chains may be appended in any interleaving.
  /// @param values  [C x n]
  virtual void append(Index chain, Draws values) = 0;
};

/// A table that grows by rows: the traces of a fit.
class RowStream {
 public:
  virtual ~RowStream() = default;
  /// @param coordinate  the row's value on the group's dimension, e.g. the iteration
  /// @param values      one per column
  virtual void append(double coordinate, Vector values) = 0;
};

/// The file of one cell: written under a temporary name beside its final one, and renamed by
/// `commit` once it is complete and on the disk. A writer that is destroyed without commit removes
/// its file. Memory does not grow with the number of draws or rows. See results/README.md for the
/// layout.
/// Its functions throw RecordError for what the system refuses, and Error for contents that cannot
/// be stored (a name with a slash, two extents of one dimension, NaN among integers).
class CellWriter {
 public:
  explicit CellWriter(std::filesystem::path final_path);
  ~CellWriter();

  /// Attributes of the root group.
  void attribute(const std::string& name, const std::string& value);
  void attribute(const std::string& name, double value);
  void attribute(const std::string& name, std::int64_t value);

  /// Labels for a named dimension; used by every group written afterwards that has the dimension.
  void coordinate(const Coordinate& coordinate);

  /// A group of draws with the dimensions (chain, draw, *event): posterior, sample_stats,
  /// unconstrained_posterior, warmup_posterior, warmup_sample_stats, ... `integers` and `booleans`
  /// name the variables that are stored as such rather than as float64.
  DrawStream& draws(const std::string& group, const std::vector<Variable>& variables, Index chains,
                    const std::vector<std::string>& integers = {},
                    const std::vector<std::string>& booleans = {});

  /// The same for numbers that a sampler reports per draw, with their help: sample_stats.
  DrawStream& statistics(const std::string& group, const std::vector<TraceField>& fields,
                         Index chains, const std::vector<std::string>& booleans = {});

  /// A group of columns over one growing dimension: vi_trace over `iteration`, ...
  RowStream& rows(const std::string& group, const std::string& dimension,
                  const std::vector<TraceField>& columns);

  /// Saves all rows appended so far, or appends those that were saved to the same tables in a new
  /// file.
  void rows_state(StateArchive& archive);

  /// An array in a group without streamed dimensions: observed_data, constant_data, vi_parameters.
  void array(const std::string& group, const Variable& variable, Vector values);
  void metrics(const std::vector<Metric>& metrics);
  /// Measured times, scalars of the group `timing` beside its rows over `iteration`: what may
  /// differ between two runs of one cell. Part of a summary's metrics.
  void timing(const std::vector<Metric>& seconds);
  void outcome(const Outcome& outcome);

  /// Flushes and closes; all that `commit` leaves to do then is to wait for the disk. Nothing may
  /// be written afterwards.
  void complete();
  /// Completes the file where that is not done, fsyncs and renames. That the name is on the disk
  /// too is up to the caller, who may have many files in one folder.
  void commit();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace elbow
