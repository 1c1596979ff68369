#include "record/cell_summary.hpp"

#include <elbow/error.hpp>
#include <limits>

#include "record/cell_reader.hpp"

namespace elbow {
namespace {

using Json = nlohmann::ordered_json;

void read_metrics(const H5::H5File& file, const char* group_name,
                  std::map<std::string, Metric>& metrics) {
  if (!file.nameExists(group_name)) return;
  const H5::Group group = file.openGroup(group_name);
  for (hsize_t i = 0; i < group.getNumObjs(); ++i) {
    const std::string name = group.getObjnameByIdx(i);
    if (group.childObjType(name) != H5O_TYPE_DATASET) continue;
    const H5::DataSet dataset = group.openDataSet(name);
    if (dataset.getSpace().getSimpleExtentType() != H5S_SCALAR) continue;
    Metric metric{name, 0, std::numeric_limits<double>::quiet_NaN(), "", ""};
    if (dataset.attrExists("mcse")) metric.mcse = read_real_attribute(dataset, "mcse");
    metric.unit = text_attribute_or_empty(dataset, "unit");
    metric.help = text_attribute_or_empty(dataset, "help");
    dataset.read(&metric.value, H5::PredType::NATIVE_DOUBLE);
    metrics.insert_or_assign(name, std::move(metric));
  }
}

Json read_json(const H5::H5File& file, const char* attribute) {
  try {
    return Json::parse(read_text_attribute(file, attribute));
  } catch (const Json::parse_error& error) {
    throw Error(std::string("the attribute \"") + attribute + "\" is not JSON: " + error.what());
  }
}

/// cells/ab/<hash>.h5
std::filesystem::path path_in_folder(const std::filesystem::path& cell_file) {
  const std::filesystem::path fan_out = cell_file.parent_path();
  return fan_out.parent_path().filename() / fan_out.filename() / cell_file.filename();
}

}  // namespace

CellSummary read_summary(const std::filesystem::path& cell_file) {
  try {
    const H5::H5File file = open_to_read(cell_file);
    CellSummary summary;
    summary.hash = read_text_attribute(file, "hash");
    summary.experiment = read_text_attribute(file, "experiment");
    summary.model = read_text_attribute(file, "model");
    summary.method = read_text_attribute(file, "method");
    summary.replicate = read_integer_attribute(file, "replicate");
    summary.configuration = read_json(file, "configuration");
    summary.provenance = read_json(file, "provenance");
    summary.outcome.ending = ending_from_name(read_text_attribute(file, "outcome"));
    summary.outcome.reason = read_text_attribute(file, "reason");
    read_metrics(file, "metrics", summary.metrics);
    read_metrics(file, "timing", summary.metrics);
    summary.path = path_in_folder(cell_file);
    return summary;
  } catch (const H5::Exception& exception) {
    throw Error(cell_file.string() + ": expected a complete cell file, but HDF5 says " +
                exception.getDetailMsg());
  } catch (const Error& error) {
    throw Error(cell_file.string() + ": expected a complete cell file, but " + error.what());
  }
}

}  // namespace elbow
