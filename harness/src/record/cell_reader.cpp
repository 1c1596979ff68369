#include "record/cell_reader.hpp"

#include <elbow/error.hpp>

namespace elbow {
namespace {

constexpr std::uintmax_t small_file = 1 << 20;  // bytes

H5::Attribute open_attribute(const H5::H5Object& object, const std::string& name,
                             H5T_class_t expected, const char* description) {
  if (!object.attrExists(name)) throw Error("the attribute \"" + name + "\" is missing");
  H5::Attribute attribute = object.openAttribute(name);
  if (attribute.getTypeClass() != expected || attribute.getSpace().getSimpleExtentNpoints() != 1)
    throw Error("the attribute \"" + name + "\" is not " + description);
  return attribute;
}

}  // namespace

H5::H5File open_to_read(const std::filesystem::path& file) {
  silence_hdf5();
  static const H5::FileAccPropList access = [] {
    H5::FileAccPropList list;
    H5Pset_file_locking(list.getId(), false, true);
    return list;
  }();
  // One read of a small file instead of one per object in it.
  static const H5::FileAccPropList in_memory = [] {
    H5::FileAccPropList list;
    list.copy(access);
    H5Pset_fapl_core(list.getId(), small_file, false);
    return list;
  }();
  std::error_code ignored;
  const bool is_small = std::filesystem::file_size(file, ignored) <= small_file;
  return {file.string(), H5F_ACC_RDONLY, H5::FileCreatPropList::DEFAULT,
          is_small ? in_memory : access};
}

std::string read_text_attribute(const H5::H5Object& object, const std::string& name) {
  const H5::Attribute attribute = open_attribute(object, name, H5T_STRING, "a text");
  std::string text;
  attribute.read(attribute.getStrType(), text);
  return text;
}

std::string text_attribute_or_empty(const H5::H5Object& object, const std::string& name) {
  return object.attrExists(name) ? read_text_attribute(object, name) : "";
}

double read_real_attribute(const H5::H5Object& object, const std::string& name) {
  double value = 0;
  open_attribute(object, name, H5T_FLOAT, "a real number")
      .read(H5::PredType::NATIVE_DOUBLE, &value);
  return value;
}

std::int64_t read_integer_attribute(const H5::H5Object& object, const std::string& name) {
  std::int64_t value = 0;
  open_attribute(object, name, H5T_INTEGER, "an integer").read(H5::PredType::NATIVE_INT64, &value);
  return value;
}

std::vector<std::string> read_texts(const H5::Group& group, const std::string& name) {
  const H5::DataSet dataset = group.openDataSet(name);
  const H5::DataSpace space = dataset.getSpace();
  if (dataset.getTypeClass() != H5T_STRING || !dataset.getStrType().isVariableStr())
    throw Error("the dataset \"" + name + "\" is not one of texts");
  std::vector<char*> pointers(static_cast<std::size_t>(space.getSimpleExtentNpoints()), nullptr);
  std::vector<std::string> texts;
  if (pointers.empty()) return texts;
  dataset.read(pointers.data(), text_type());
  for (const char* text : pointers) texts.emplace_back(text == nullptr ? "" : text);
  H5::DataSet::vlenReclaim(pointers.data(), text_type(), space);
  return texts;
}

}  // namespace elbow
