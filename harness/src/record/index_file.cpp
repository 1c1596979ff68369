#include "record/index_file.hpp"

#include <bit>
#include <cmath>
#include <elbow/error.hpp>
#include <functional>
#include <limits>
#include <unordered_map>

#include "record/cell_reader.hpp"
#include "record/group_writer.hpp"
#include "record/hdf5.hpp"
#include "record/pending_file.hpp"

namespace elbow {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t index_format = 2;

/// R's NA, a NaN that stands for "there is none" and is told from a metric that is NaN.
const double absent = std::bit_cast<double>(std::uint64_t{0x7ff00000000007a2});
bool is_absent(double value) {
  return std::isnan(value) && (std::bit_cast<std::uint64_t>(value) & 0xffffffff) == 0x7a2;
}

/// Columns over one dimension.
class ColumnGroup {
 public:
  ColumnGroup(const H5::H5File& file, const std::string& name, const std::string& dimension,
              std::size_t rows)
      : group_(file, name, no_labels_), dimension_(dimension), rows_(rows) {
    group_.set_extent(dimension, static_cast<Index>(rows));
  }
  void texts(const std::string& name, const std::vector<std::string>& values) {
    group_.reserve(name);
    group_.axes(write_texts(group_.group(), name, values), {dimension_});
  }
  H5::DataSet reals(const std::string& name, const std::vector<double>& values) {
    return numbers(name, values.data(), H5::PredType::IEEE_F64LE, H5::PredType::NATIVE_DOUBLE);
  }
  void integers(const std::string& name, const std::vector<std::int64_t>& values) {
    numbers(name, values.data(), H5::PredType::STD_I32LE, H5::PredType::NATIVE_INT64);
  }
  void booleans(const std::string& name, const std::vector<std::int8_t>& values) {
    write_attribute(numbers(name, values.data(), H5::PredType::STD_I8LE, H5::PredType::NATIVE_INT8),
                    "dtype", "bool");
  }
  void finish() { group_.finish(); }

 private:
  H5::DataSet numbers(const std::string& name, const void* values, const H5::PredType& stored,
                      const H5::PredType& native) {
    group_.reserve(name);
    const hsize_t extent = rows_;
    H5::DataSet dataset =
        group_.group().createDataSet(name, stored, H5::DataSpace(1, &extent), plain_dataset());
    if (rows_ > 0) dataset.write(values, native);
    group_.axes(dataset, {dimension_});
    return dataset;
  }

  DimensionLabels no_labels_;
  GroupWriter group_;
  std::string dimension_;
  std::size_t rows_;
};

template <class Element, class Value>
std::vector<Value> column(const std::vector<Element>& elements, Value (*value)(const Element&)) {
  std::vector<Value> values;
  values.reserve(elements.size());
  for (const Element& element : elements) values.push_back(value(element));
  return values;
}

double seed_of(const Json& configuration) {
  const auto seed = configuration.find("seed");
  return seed != configuration.end() && seed->is_number() ? seed->get<double>() : absent;
}

/// Size and time of files. Numbers that may pass 2^31 are float64 and the others int32: R has no
/// integers of 64 bits.
void write_listing(ColumnGroup& group, const std::vector<ListedFile>& files) {
  group.texts("path", column<ListedFile, std::string>(files, [](const auto& f) { return f.path; }));
  describe(group.reals("bytes",
                       column<ListedFile, double>(files, [](const auto& f) { return f.bytes; })),
           "byte", "size of the file");
  describe(group.reals("modified",
                       column<ListedFile, double>(files, [](const auto& f) { return f.modified; })),
           "s", "when the file was written, since 1970 (UTC)");
}

void write_cells(const H5::H5File& file, const IndexContent& content) {
  const std::vector<CellSummary>& cells = content.summaries;
  const auto texts = [&](std::string (*value)(const CellSummary&)) { return column(cells, value); };
  ColumnGroup group(file, "cells", "cell", cells.size());
  group.texts("hash", texts([](const CellSummary& c) { return c.hash; }));
  group.texts("experiment", texts([](const CellSummary& c) { return c.experiment; }));
  group.texts("model", texts([](const CellSummary& c) { return c.model; }));
  group.texts("method", texts([](const CellSummary& c) { return c.method; }));
  group.integers("replicate", column<CellSummary, std::int64_t>(
                                  cells, [](const CellSummary& c) { return c.replicate; }));
  group.reals("seed", column<CellSummary, double>(
                          cells, [](const CellSummary& c) { return seed_of(c.configuration); }));
  group.booleans("planned", column<CellSummary, std::int8_t>(cells, [](const CellSummary& c) {
                   return std::int8_t(c.planned);
                 }));
  group.texts("outcome", texts([](const CellSummary& c) {
                return std::string(ending_name(c.outcome.ending));
              }));
  group.texts("reason", texts([](const CellSummary& c) { return c.outcome.reason; }));
  group.texts("configuration", texts([](const CellSummary& c) { return c.configuration.dump(); }));
  group.texts("provenance", texts([](const CellSummary& c) { return c.provenance.dump(); }));
  write_listing(group, content.files);
  group.finish();
}

/// The options that vary over the grid, as numbers where all that are there are numbers and as
/// texts otherwise.
void write_options(const H5::H5File& file, const std::vector<CellSummary>& cells) {
  std::vector<std::string> names;
  std::unordered_map<std::string, std::vector<Json>> columns;
  for (std::size_t i = 0; i < cells.size(); ++i)
    for (const char* part : {"model", "method"}) {
      const auto described = cells[i].configuration.find(part);
      if (described == cells[i].configuration.end() || !described->is_object()) continue;
      const auto axes = described->find("axes");
      if (axes == described->end() || !axes->is_object()) continue;
      for (const auto& [axis, value] : axes->items()) {
        const std::string name = std::string(part) + "." + axis;
        auto& values = columns[name];
        if (values.empty()) {
          values.resize(cells.size());
          names.push_back(name);
        }
        values[i] = value;
      }
    }
  ColumnGroup group(file, "options", "cell", cells.size());
  for (const std::string& name : names) {
    std::vector<double> numbers;
    std::vector<std::string> texts;
    bool numeric = true;
    for (const Json& value : columns[name]) {
      numeric &= value.is_number() || value.is_null();
      numbers.push_back(value.is_number() ? value.get<double>() : absent);
      texts.push_back(value.is_null()     ? ""
                      : value.is_string() ? value.get<std::string>()
                                          : value.dump());
    }
    if (numeric)
      group.reals(name, numbers);
    else
      group.texts(name, texts);
  }
  group.finish();
}

void write_metrics(const H5::H5File& file, const std::vector<CellSummary>& cells) {
  struct Columns {
    const Metric* first;
    std::vector<double> values, mcse;
  };
  std::map<std::string, Columns> columns;
  for (std::size_t i = 0; i < cells.size(); ++i)
    for (const auto& [name, metric] : cells[i].metrics) {
      Columns& both = columns[name];
      if (both.values.empty()) {
        both.first = &metric;
        both.values.assign(cells.size(), absent);
        both.mcse.assign(cells.size(), std::numeric_limits<double>::quiet_NaN());
      }
      both.values[i] = metric.value;
      both.mcse[i] = metric.mcse;
    }
  ColumnGroup values(file, "metrics", "cell", cells.size());
  ColumnGroup errors(file, "mcse", "cell", cells.size());
  for (const auto& [name, both] : columns) {
    describe(values.reals(name, both.values), both.first->unit, both.first->help);
    describe(errors.reals(name, both.mcse), both.first->unit, "");
  }
  values.finish();
  errors.finish();
}

void write_unreadable(const H5::H5File& file, const IndexContent& content) {
  ColumnGroup group(file, "unreadable", "file", content.unreadable.size());
  write_listing(group, content.unreadable);
  group.texts("reason", content.reasons);
  group.finish();
}

template <class Value>
std::vector<Value> read_numbers(const H5::Group& group, const std::string& name,
                                const H5::PredType& native, std::size_t rows) {
  const H5::DataSet dataset = group.openDataSet(name);
  if (dataset.getTypeClass() != native.getClass() ||
      dataset.getSpace().getSimpleExtentNpoints() != static_cast<hssize_t>(rows))
    throw Error("the column \"" + name + "\" is not one of " + std::to_string(rows) + " numbers");
  std::vector<Value> values(rows);
  if (rows > 0) dataset.read(values.data(), native);
  return values;
}

std::vector<std::string> read_column(const H5::Group& group, const std::string& name,
                                     std::size_t rows) {
  std::vector<std::string> texts = read_texts(group, name);
  if (texts.size() != rows)
    throw Error("the column \"" + name + "\" is not one of " + std::to_string(rows) + " texts");
  return texts;
}

std::vector<ListedFile> read_files(const H5::Group& group) {
  std::vector<ListedFile> files;
  for (std::string& path : read_texts(group, "path")) files.push_back({std::move(path), 0, 0});
  const auto bytes =
      read_numbers<double>(group, "bytes", H5::PredType::NATIVE_DOUBLE, files.size());
  const auto modified =
      read_numbers<double>(group, "modified", H5::PredType::NATIVE_DOUBLE, files.size());
  for (std::size_t i = 0; i < files.size(); ++i) {
    files[i].bytes = bytes[i];
    files[i].modified = modified[i];
  }
  return files;
}

/// Parses JSON texts of which many are equal.
class JsonTexts {
 public:
  const Json& operator()(const std::string& text) {
    const auto known = parsed_.find(text);
    if (known != parsed_.end()) return known->second;
    return parsed_.emplace(text, Json::parse(text)).first->second;
  }

 private:
  std::unordered_map<std::string, Json> parsed_;
};

void read_cells(const H5::Group& group, IndexContent& content) {
  content.files = read_files(group);
  const std::size_t rows = content.files.size();
  const auto hashes = read_column(group, "hash", rows);
  const auto experiments = read_column(group, "experiment", rows);
  const auto models = read_column(group, "model", rows);
  const auto methods = read_column(group, "method", rows);
  const auto outcomes = read_column(group, "outcome", rows);
  const auto reasons = read_column(group, "reason", rows);
  const auto configurations = read_column(group, "configuration", rows);
  const auto provenances = read_column(group, "provenance", rows);
  const auto replicates =
      read_numbers<std::int64_t>(group, "replicate", H5::PredType::NATIVE_INT64, rows);
  const auto planned = read_numbers<std::int8_t>(group, "planned", H5::PredType::NATIVE_INT8, rows);
  JsonTexts provenance;
  content.summaries.resize(rows);
  for (std::size_t i = 0; i < rows; ++i) {
    CellSummary& cell = content.summaries[i];
    cell.hash = hashes[i];
    cell.experiment = experiments[i];
    cell.model = models[i];
    cell.method = methods[i];
    cell.replicate = replicates[i];
    cell.configuration = Json::parse(configurations[i]);
    cell.provenance = provenance(provenances[i]);
    cell.outcome = {ending_from_name(outcomes[i]), reasons[i]};
    cell.path = content.files[i].path;
    cell.planned = planned[i] != 0;
  }
}

void read_metrics(const H5::Group& values, const H5::Group& errors,
                  std::vector<CellSummary>& cells) {
  for (hsize_t column = 0; column < values.getNumObjs(); ++column) {
    const std::string name = values.getObjnameByIdx(column);
    if (name == "cell") continue;
    const auto numbers =
        read_numbers<double>(values, name, H5::PredType::NATIVE_DOUBLE, cells.size());
    const auto mcse = read_numbers<double>(errors, name, H5::PredType::NATIVE_DOUBLE, cells.size());
    const H5::DataSet dataset = values.openDataSet(name);
    const std::string unit = text_attribute_or_empty(dataset, "unit");
    const std::string help = text_attribute_or_empty(dataset, "help");
    for (std::size_t i = 0; i < cells.size(); ++i)
      if (!is_absent(numbers[i]))
        cells[i].metrics.emplace(name, Metric{name, numbers[i], mcse[i], unit, help});
  }
}

}  // namespace

void write_index(const std::filesystem::path& path, const IndexContent& content) {
  silence_hdf5();
  PendingFile pending(path);
  pending.guarded([&] {
    H5::H5File file = create_file(path.string(), pending.access());
    write_attribute(file, "format", index_format);
    write_cells(file, content);
    write_options(file, content.summaries);
    write_metrics(file, content.summaries);
    write_unreadable(file, content);
    file.close();
  });
  pending.publish();
}

IndexContent load_index(const std::filesystem::path& path) {
  const auto refuse = [&](const std::string& reason) {
    return Error(path.string() + ": expected a complete index, but " + reason);
  };
  try {
    const H5::H5File file = open_to_read(path);
    const std::int64_t format = read_integer_attribute(file, "format");
    if (format != index_format)
      throw Error("its format is " + std::to_string(format) + ", not " +
                  std::to_string(index_format));
    IndexContent content;
    read_cells(file.openGroup("cells"), content);
    read_metrics(file.openGroup("metrics"), file.openGroup("mcse"), content.summaries);
    const H5::Group unreadable = file.openGroup("unreadable");
    content.unreadable = read_files(unreadable);
    content.reasons = read_column(unreadable, "reason", content.unreadable.size());
    return content;
  } catch (const H5::Exception& exception) {
    throw refuse("HDF5 says " + exception.getDetailMsg());
  } catch (const Json::exception& error) {
    throw refuse(error.what());
  } catch (const Error& error) {
    throw refuse(error.what());
  }
}

}  // namespace elbow
