#include "record/cell_writer.hpp"

#include <algorithm>
#include <cmath>
#include <elbow/error.hpp>
#include <optional>

#include "record/group_writer.hpp"
#include "record/hdf5.hpp"
#include "record/pending_file.hpp"
#include "record/stream_recorder.hpp"

namespace elbow {
namespace {

class RecordedDraws : public DrawStream {
 public:
  RecordedDraws(PendingFile& file, GroupWriter& group, std::vector<StreamedVariable> variables,
                Index chains)
      : file_(file), recorder_(group, std::move(variables), "draw", chains) {}
  void append(Index chain, Draws values) override {
    file_.guarded([&] { recorder_.append(chain, values); });
  }
  StreamRecorder& recorder() { return recorder_; }

 private:
  PendingFile& file_;
  StreamRecorder recorder_;
};

class RecordedRows : public RowStream {
 public:
  RecordedRows(PendingFile& file, GroupWriter& group, std::vector<StreamedVariable> columns,
               const std::string& dimension)
      : file_(file),
        row_(static_cast<Index>(columns.size())),
        recorder_(group, std::move(columns), dimension, std::nullopt) {}
  void append(double coordinate, Vector values) override {
    if (values.size() + 1 != row_.size())
      throw Error("expected a row of " + std::to_string(row_.size() - 1) + " numbers, got " +
                  std::to_string(values.size()));
    row_[0] = coordinate;
    row_.tail(values.size()) = values;
    file_.guarded([&] { recorder_.append(0, row_); });
  }
  StreamRecorder& recorder() { return recorder_; }
  void state(StateArchive& archive) {
    file_.guarded([&] {
      Index count = recorder_.rows();
      archive(count);
      Eigen::MatrixXd block;
      for (Index done = 0; done < count; done += block.cols()) {
        block.resize(row_.size(), std::min(count - done, recorder_.rows_per_block()));
        if (!archive.restoring()) recorder_.read_back(done, block);
        archive(block);
        if (archive.restoring()) recorder_.append(0, block);
      }
    });
  }

 private:
  PendingFile& file_;
  Eigen::VectorXd row_;  ///< coordinate, then the columns
  StreamRecorder recorder_;
};

void write_scalars(GroupWriter& group, const std::vector<Metric>& metrics) {
  for (const Metric& metric : metrics) {
    group.reserve(metric.name);
    H5::DataSet dataset = group.group().createDataSet(metric.name, H5::PredType::IEEE_F64LE,
                                                      H5::DataSpace(H5S_SCALAR), plain_dataset());
    dataset.write(&metric.value, H5::PredType::NATIVE_DOUBLE);
    if (!std::isnan(metric.mcse)) write_attribute(dataset, "mcse", metric.mcse);
    describe(dataset, metric.unit, metric.help);
  }
}

}  // namespace

class CellWriter::Impl {
 public:
  explicit Impl(std::filesystem::path final_path) : file_(std::move(final_path)) {
    silence_hdf5();
    file_.guarded([&] { hdf5_ = create_file(file_.final_path().string(), file_.access()); });
  }
  ~Impl() {
    file_.abandon();
    close();
  }

  template <class Work>
  void guarded(Work&& work) {
    file_.guarded(std::forward<Work>(work));
  }
  H5::H5File& root() { return hdf5_; }
  GroupWriter& group(const std::string& name) {
    for (auto& known : groups_)
      if (known->name() == name) return *known;
    return *groups_.emplace_back(std::make_unique<GroupWriter>(hdf5_, name, labels_));
  }

  DrawStream& add(GroupWriter& group, std::vector<StreamedVariable> variables, Index chains) {
    return *draws_.emplace_back(
        std::make_unique<RecordedDraws>(file_, group, std::move(variables), chains));
  }
  RowStream& add(GroupWriter& group, std::vector<StreamedVariable> columns,
                 const std::string& dimension) {
    return *rows_.emplace_back(
        std::make_unique<RecordedRows>(file_, group, std::move(columns), dimension));
  }
  void rows_state(StateArchive& archive) {
    std::size_t tables = rows_.size();
    archive(tables);
    if (tables != rows_.size())
      throw Error("a snapshot has " + std::to_string(tables) + " tables, expected " +
                  std::to_string(rows_.size()));
    for (auto& table : rows_) archive(*table);
  }
  void set_labels(const Coordinate& coordinate) { labels_[coordinate.dim] = coordinate.labels; }

  void complete() {
    if (is_complete_) return;
    file_.guarded([&] {
      for (auto& stream : draws_) stream->recorder().finish();
      for (auto& stream : rows_) stream->recorder().finish();
      for (auto& group : groups_) group->finish();
      close();
    });
    is_complete_ = true;
  }
  void commit() {
    complete();
    file_.publish();
  }

 private:
  void close() {
    draws_.clear();
    rows_.clear();
    groups_.clear();
    hdf5_.close();
  }

  PendingFile file_;
  H5::H5File hdf5_;
  DimensionLabels labels_;
  std::vector<std::unique_ptr<GroupWriter>> groups_;
  std::vector<std::unique_ptr<RecordedDraws>> draws_;
  std::vector<std::unique_ptr<RecordedRows>> rows_;
  bool is_complete_ = false;
};

CellWriter::CellWriter(std::filesystem::path final_path)
    : impl_(std::make_unique<Impl>(std::move(final_path))) {}
CellWriter::~CellWriter() = default;

void CellWriter::attribute(const std::string& name, const std::string& value) {
  impl_->guarded([&] { write_attribute(impl_->root(), name.c_str(), value); });
}
void CellWriter::attribute(const std::string& name, double value) {
  impl_->guarded([&] { write_attribute(impl_->root(), name.c_str(), value); });
}
void CellWriter::attribute(const std::string& name, std::int64_t value) {
  impl_->guarded([&] { write_attribute(impl_->root(), name.c_str(), value); });
}

void CellWriter::coordinate(const Coordinate& coordinate) { impl_->set_labels(coordinate); }

DrawStream& CellWriter::draws(const std::string& group, const std::vector<Variable>& variables,
                              Index chains, const std::vector<std::string>& integers,
                              const std::vector<std::string>& booleans) {
  std::vector<StreamedVariable> described;
  const auto is_in = [](const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  for (const Variable& variable : variables)
    described.push_back({variable, "",
                         is_in(booleans, variable.name)   ? StoredAs::boolean
                         : is_in(integers, variable.name) ? StoredAs::integer
                                                          : StoredAs::real});
  DrawStream* stream = nullptr;
  impl_->guarded([&] { stream = &impl_->add(impl_->group(group), std::move(described), chains); });
  return *stream;
}

DrawStream& CellWriter::statistics(const std::string& group, const std::vector<TraceField>& fields,
                                   Index chains, const std::vector<std::string>& booleans) {
  std::vector<StreamedVariable> described;
  for (const TraceField& field : fields) {
    const bool is_boolean =
        std::find(booleans.begin(), booleans.end(), field.name) != booleans.end();
    described.push_back({{field.name, {}, {}, field.unit},
                         field.help,
                         is_boolean ? StoredAs::boolean : StoredAs::real});
  }
  DrawStream* stream = nullptr;
  impl_->guarded([&] { stream = &impl_->add(impl_->group(group), std::move(described), chains); });
  return *stream;
}

RowStream& CellWriter::rows(const std::string& group, const std::string& dimension,
                            const std::vector<TraceField>& columns) {
  std::vector<StreamedVariable> described{{{dimension, {}, {}, ""}, "", StoredAs::real}};
  for (const TraceField& field : columns)
    described.push_back({{field.name, {}, {}, field.unit}, field.help, StoredAs::real});
  RowStream* stream = nullptr;
  impl_->guarded(
      [&] { stream = &impl_->add(impl_->group(group), std::move(described), dimension); });
  return *stream;
}

void CellWriter::rows_state(StateArchive& archive) { impl_->rows_state(archive); }

void CellWriter::array(const std::string& group, const Variable& variable, Vector values) {
  if (values.size() != variable.size())
    throw Error(group + ": the variable \"" + variable.name + "\" has " +
                std::to_string(variable.size()) + " elements, got " +
                std::to_string(values.size()) + " values");
  impl_->guarded([&] {
    GroupWriter& target = impl_->group(group);
    target.reserve(variable.name);
    const std::vector<std::string> dimensions = target.event_dimensions(variable);
    const std::vector<Index> places = c_order(variable.shape);
    Eigen::VectorXd in_c_order = values;
    for (std::size_t e = 0; e < places.size(); ++e)
      in_c_order[places[e]] = values[static_cast<Index>(e)];
    const std::vector<hsize_t> shape = extents(variable.shape);
    const H5::DataSpace space = shape.empty()
                                    ? H5::DataSpace(H5S_SCALAR)
                                    : H5::DataSpace(static_cast<int>(shape.size()), shape.data());
    H5::DataSet dataset = target.group().createDataSet(variable.name, H5::PredType::IEEE_F64LE,
                                                       space, plain_dataset());
    if (values.size() > 0) dataset.write(in_c_order.data(), H5::PredType::NATIVE_DOUBLE);
    describe(dataset, variable.unit, "");
    target.axes(dataset, dimensions);
  });
}

void CellWriter::metrics(const std::vector<Metric>& metrics) {
  impl_->guarded([&] { write_scalars(impl_->group("metrics"), metrics); });
}
void CellWriter::timing(const std::vector<Metric>& seconds) {
  impl_->guarded([&] { write_scalars(impl_->group("timing"), seconds); });
}

void CellWriter::outcome(const Outcome& outcome) {
  attribute("outcome", std::string(ending_name(outcome.ending)));
  attribute("reason", outcome.reason);
}

void CellWriter::complete() { impl_->complete(); }
void CellWriter::commit() { impl_->commit(); }

}  // namespace elbow
