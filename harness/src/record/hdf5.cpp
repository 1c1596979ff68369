#include "record/hdf5.hpp"

#include <algorithm>

namespace elbow {
namespace {

const H5::DataSpace& one_value() {
  static const H5::DataSpace space(H5S_SCALAR);
  return space;
}

/// @param list  properties for creating a group, or a file with its root group
void set_group_properties(hid_t list) {
  H5Pset_link_creation_order(list, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
  H5Pset_attr_creation_order(list, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
  H5Pset_obj_track_times(list, false);
  // Up to 64 members stay in the group's header: making HDF5's heap and tree for more of them takes
  // longer than all the rest of a small cell.
  H5Pset_link_phase_change(list, 64, 32);
  H5Pset_attr_phase_change(list, 64, 32);
  H5Pset_est_link_info(list, 16, 12);
}

}  // namespace

const H5::StrType& text_type() {
  static const H5::StrType type = [] {
    H5::StrType text(H5::PredType::C_S1, H5T_VARIABLE);
    text.setCset(H5T_CSET_UTF8);
    return text;
  }();
  return type;
}

void silence_hdf5() { H5::Exception::dontPrint(); }

std::string reason_of(const H5::Exception& exception) {
  std::string first;
  const H5E_walk2_t take_first = [](unsigned, const H5E_error2_t* entry, void* text) -> herr_t {
    *static_cast<std::string*>(text) = entry->desc ? entry->desc : "";
    return 1;  // the innermost is enough
  };
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, take_first, &first);
  return exception.getDetailMsg() + (first.empty() ? "" : ": " + first);
}

void write_attribute(const H5::H5Object& object, const char* name, const std::string& value) {
  const char* text = value.c_str();
  object.createAttribute(name, text_type(), one_value()).write(text_type(), &text);
}
void write_attribute(const H5::H5Object& object, const char* name, double value) {
  object.createAttribute(name, H5::PredType::IEEE_F64LE, one_value())
      .write(H5::PredType::NATIVE_DOUBLE, &value);
}
void write_attribute(const H5::H5Object& object, const char* name, std::int64_t value) {
  object.createAttribute(name, H5::PredType::STD_I64LE, one_value())
      .write(H5::PredType::NATIVE_INT64, &value);
}

void describe(const H5::DataSet& dataset, const std::string& unit, const std::string& help) {
  if (!unit.empty()) write_attribute(dataset, "unit", unit);
  if (!help.empty()) write_attribute(dataset, "help", help);
}

H5::DataSet write_texts(const H5::Group& group, const std::string& name,
                        const std::vector<std::string>& texts) {
  std::vector<const char*> pointers;
  for (const std::string& text : texts) pointers.push_back(text.c_str());
  const hsize_t extent = pointers.size();
  H5::DataSet dataset =
      group.createDataSet(name, text_type(), H5::DataSpace(1, &extent), plain_dataset());
  if (extent > 0) dataset.write(pointers.data(), text_type());
  return dataset;
}

H5::H5File create_file(const std::string& name, H5::FileAccPropList access) {
  static const H5::FileCreatPropList properties = [] {
    H5::FileCreatPropList list;
    set_group_properties(list.getId());
    return list;
  }();
  // Small headers, attributes of any number and size, and an index of chunks that grows cheaply.
  access.setLibverBounds(H5F_LIBVER_V110, H5F_LIBVER_V110);
  H5Pset_alignment(access.getId(), 65536, 4096);
  return {name, H5F_ACC_TRUNC, properties, access};
}

H5::Group create_group(const H5::Group& parent, const std::string& name) {
  static const H5::PropList properties = [] {
    H5::PropList list(H5P_GROUP_CREATE);
    set_group_properties(list.getId());
    return list;
  }();
  const hid_t id =
      H5Gcreate2(parent.getId(), name.c_str(), H5P_DEFAULT, properties.getId(), H5P_DEFAULT);
  if (id < 0) throw H5::GroupIException("create_group", "H5Gcreate2 failed for \"" + name + "\"");
  H5::Group group(id);  // counts a reference of its own
  H5Gclose(id);
  return group;
}

const H5::DSetCreatPropList& plain_dataset() {
  static const H5::DSetCreatPropList properties = [] {
    H5::DSetCreatPropList list;
    H5Pset_obj_track_times(list.getId(), false);
    return list;
  }();
  return properties;
}

H5::DSetCreatPropList chunked_dataset(const std::vector<hsize_t>& chunk, bool compressed) {
  H5::DSetCreatPropList properties;
  properties.copy(plain_dataset());
  properties.setChunk(static_cast<int>(chunk.size()), chunk.data());
  if (compressed) {
    properties.setShuffle();
    properties.setDeflate(deflate_level);
  }
  return properties;
}

bool is_number(const H5::DataSet& dataset) {
  const H5T_class_t type = dataset.getTypeClass();
  return type == H5T_FLOAT || type == H5T_INTEGER;
}

std::vector<hsize_t> extents(const std::vector<Index>& shape) {
  return {shape.begin(), shape.end()};
}

std::vector<Index> c_order(const std::vector<Index>& shape) {
  if (std::count_if(shape.begin(), shape.end(), [](Index n) { return n != 1; }) < 2) return {};
  Index size = 1;
  for (Index extent : shape) size *= extent;
  std::vector<Index> place(static_cast<std::size_t>(size));
  for (Index e = 0; e < size; ++e) {
    Index rest = e, stride = size, index = 0;
    for (Index extent : shape) {  // the first axis moves fastest in column-major order
      stride /= extent;
      index += rest % extent * stride;
      rest /= extent;
    }
    place[static_cast<std::size_t>(e)] = index;
  }
  return place;
}

}  // namespace elbow
