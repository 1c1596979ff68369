#include "record/first_difference.hpp"

#include <H5Cpp.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <elbow/error.hpp>
#include <iterator>
#include <vector>

#include "record/hdf5.hpp"

namespace elbow {

namespace {

using Difference = std::optional<std::string>;
constexpr hsize_t elements_at_once = 1 << 20;

/// Elements of a dataset or an attribute, read in the type that the file has.
struct Elements {
  H5::DataType type;
  std::vector<char> bytes;
  std::size_t size() const { return type.getSize(); }

  std::string text(std::size_t i) const {
    const char* element = bytes.data() + i * size();
    char number[64];
    if (type.getClass() == H5T_FLOAT && size() == sizeof(double)) {
      double value;
      std::memcpy(&value, element, sizeof value);
      std::snprintf(number, sizeof number, "%.17g", value);
      return number;
    }
    if (type.getClass() == H5T_FLOAT && size() == sizeof(float)) {
      float value;
      std::memcpy(&value, element, sizeof value);
      std::snprintf(number, sizeof number, "%.9g", double(value));
      return number;
    }
    if (type.getClass() == H5T_INTEGER && size() <= sizeof(std::int64_t)) {
      std::int64_t value = 0;
      std::memcpy(&value, element, size());
      return std::to_string(value);
    }
    std::string hexadecimal = "0x";
    for (std::size_t byte = 0; byte < size(); ++byte) {
      std::snprintf(number, sizeof number, "%02x", static_cast<unsigned char>(element[byte]));
      hexadecimal += number;
    }
    return hexadecimal;
  }
};

bool is_text(const H5::DataType& type) { return H5Tis_variable_str(type.getId()) > 0; }

std::string shortened(const std::string& text, std::size_t around) {
  const std::size_t begin = around < 30 ? 0 : around - 30;
  const std::string part = text.substr(begin, 80);
  return (begin > 0 ? "..." : "") + part + (begin + part.size() < text.size() ? "..." : "");
}

Difference compare_texts(const std::string& place, const std::string& a, const std::string& b) {
  if (a == b) return std::nullopt;
  const std::size_t at =
      std::size_t(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
  return place + ": \"" + shortened(a, at) + "\" and \"" + shortened(b, at) + "\"";
}

Difference compare_elements(const std::string& place, hsize_t offset, const Elements& a,
                            const Elements& b) {
  if (a.bytes == b.bytes) return std::nullopt;
  const auto first = std::mismatch(a.bytes.begin(), a.bytes.end(), b.bytes.begin()).first;
  const std::size_t i = std::size_t(first - a.bytes.begin()) / a.size();
  return place + ", element " + std::to_string(offset + i) + ": " + a.text(i) + " and " + b.text(i);
}

std::string shape_text(const std::vector<hsize_t>& shape) {
  std::string text = "[";
  for (hsize_t extent : shape) text += (text.size() > 1 ? " x " : "") + std::to_string(extent);
  return text + "]";
}

std::vector<hsize_t> shape_of(const H5::DataSpace& space) {
  std::vector<hsize_t> shape(std::size_t(std::max(0, space.getSimpleExtentNdims())));
  if (!shape.empty()) space.getSimpleExtentDims(shape.data());
  return shape;
}

/// What can be seen of two arrays without reading them.
Difference compare_forms(const std::string& place, const H5::DataType& type_a,
                         const H5::DataType& type_b, const H5::DataSpace& space_a,
                         const H5::DataSpace& space_b) {
  if (!(type_a == type_b)) return place + ": stored with two types";
  const auto a = shape_of(space_a), b = shape_of(space_b);
  if (a != b) return place + ": shapes " + shape_text(a) + " and " + shape_text(b);
  return std::nullopt;
}

std::vector<std::string> texts_of(const H5::DataSet& set) {
  const H5::DataSpace space = set.getSpace();
  std::vector<char*> raw(std::size_t(space.getSimpleExtentNpoints()), nullptr);
  const H5::DataType type = set.getDataType();
  if (!raw.empty()) set.read(raw.data(), type);
  std::vector<std::string> texts;
  for (const char* text : raw) texts.emplace_back(text ? text : "");
  if (!raw.empty()) H5Dvlen_reclaim(type.getId(), space.getId(), H5P_DEFAULT, raw.data());
  return texts;
}

Difference compare_datasets(const std::string& place, const H5::DataSet& a, const H5::DataSet& b) {
  const H5::DataType type = a.getDataType();
  const H5::DataSpace space = a.getSpace();
  if (auto difference = compare_forms(place, type, b.getDataType(), space, b.getSpace()))
    return difference;
  if (is_text(type)) {
    const auto texts_a = texts_of(a), texts_b = texts_of(b);
    for (std::size_t i = 0; i < texts_a.size(); ++i)
      if (auto difference =
              compare_texts(place + ", element " + std::to_string(i), texts_a[i], texts_b[i]))
        return difference;
    return std::nullopt;
  }
  std::vector<hsize_t> count = shape_of(space);
  const hsize_t total = hsize_t(space.getSimpleExtentNpoints());
  if (total == 0) return std::nullopt;
  // Slices along the longest axis, so that memory does not grow with the number of draws.
  const std::size_t axis =
      std::size_t(std::max_element(count.begin(), count.end()) - count.begin());
  const hsize_t length = count.empty() ? 1 : count[axis];
  const hsize_t step = std::clamp<hsize_t>(elements_at_once / (total / length), 1, length);
  for (hsize_t begin = 0; begin < length; begin += step) {
    H5::DataSpace slice(space), memory(space);
    hsize_t elements = total;
    if (!count.empty()) {
      std::vector<hsize_t> start(count.size(), 0);
      start[axis] = begin;
      count[axis] = std::min(step, length - begin);
      slice.selectHyperslab(H5S_SELECT_SET, count.data(), start.data());
      elements = hsize_t(slice.getSelectNpoints());
      memory = H5::DataSpace(1, &elements);
    }
    Elements part_a{type, std::vector<char>(elements * type.getSize())}, part_b = part_a;
    a.read(part_a.bytes.data(), type, memory, slice);
    b.read(part_b.bytes.data(), type, memory, slice);
    if (auto difference = compare_elements(place, begin * (total / length), part_a, part_b))
      return difference;
  }
  return std::nullopt;
}

Difference compare_attribute(const std::string& place, const H5::Attribute& a,
                             const H5::Attribute& b) {
  const H5::DataType type = a.getDataType();
  if (auto difference = compare_forms(place, type, b.getDataType(), a.getSpace(), b.getSpace()))
    return difference;
  if (is_text(type)) {
    std::string text_a, text_b;
    a.read(type, text_a);
    b.read(type, text_b);
    return compare_texts(place, text_a, text_b);
  }
  const std::size_t size = std::size_t(a.getSpace().getSimpleExtentNpoints()) * type.getSize();
  Elements values_a{type, std::vector<char>(size)}, values_b = values_a;
  a.read(type, values_a.bytes.data());
  b.read(type, values_b.bytes.data());
  return compare_elements(place, 0, values_a, values_b);
}

/// Names that both lists must have, or which of them has one too many.
Difference compare_names(const std::string& place, const std::vector<std::string>& a,
                         const std::vector<std::string>& b) {
  std::vector<std::string> more;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(more));
  if (!more.empty()) return place + more[0] + ": only in the first";
  std::set_difference(b.begin(), b.end(), a.begin(), a.end(), std::back_inserter(more));
  if (!more.empty()) return place + more[0] + ": only in the second";
  return std::nullopt;
}

std::vector<std::string> attribute_names(const H5::H5Object& object, bool root) {
  std::vector<std::string> names;
  for (unsigned i = 0; i < unsigned(object.getNumAttrs()); ++i) {
    const std::string name = object.openAttribute(i).getName();
    // The lists of dimension scales are addresses inside the file.
    if (name == "DIMENSION_LIST" || name == "REFERENCE_LIST" || (root && name == "provenance"))
      continue;
    names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Difference compare_attributes(const std::string& place, const H5::H5Object& a,
                              const H5::H5Object& b) {
  const bool root = place == "/";
  const auto names = attribute_names(a, root);
  if (auto difference = compare_names(place + " attribute ", names, attribute_names(b, root)))
    return difference;
  for (const std::string& name : names)
    if (auto difference = compare_attribute(place + " attribute " + name, a.openAttribute(name),
                                            b.openAttribute(name)))
      return difference;
  return std::nullopt;
}

std::vector<std::string> member_names(const H5::Group& group, bool root) {
  std::vector<std::string> names;
  for (hsize_t i = 0; i < group.getNumObjs(); ++i) {
    const std::string name = group.getObjnameByIdx(i);
    if (!(root && name == "timing")) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Difference compare_groups(const std::string& place, const H5::Group& a, const H5::Group& b) {
  if (auto difference = compare_attributes(place, a, b)) return difference;
  const auto names = member_names(a, place == "/");
  if (auto difference = compare_names(place, names, member_names(b, place == "/")))
    return difference;
  for (const std::string& name : names) {
    const std::string member = place + name;
    if (a.childObjType(name) != b.childObjType(name))
      return member + ": a group in one, a dataset in the other";
    Difference difference;
    if (a.childObjType(name) == H5O_TYPE_GROUP) {
      difference = compare_groups(member + "/", a.openGroup(name), b.openGroup(name));
    } else {
      const H5::DataSet set_a = a.openDataSet(name), set_b = b.openDataSet(name);
      difference = compare_datasets(member, set_a, set_b);
      if (!difference) difference = compare_attributes(member, set_a, set_b);
    }
    if (difference) return difference;
  }
  return std::nullopt;
}

H5::H5File open_file(const std::filesystem::path& file) {
  try {
    return H5::H5File(file.string(), H5F_ACC_RDONLY);
  } catch (const H5::Exception&) {
    throw Error(file.string() + ": is no HDF5 file that can be read");
  }
}

}  // namespace

std::optional<std::string> first_difference(const std::filesystem::path& a,
                                            const std::filesystem::path& b) {
  silence_hdf5();
  const H5::H5File file_a = open_file(a), file_b = open_file(b);
  try {
    return compare_groups("/", file_a.openGroup("/"), file_b.openGroup("/"));
  } catch (const H5::Exception& exception) {
    throw Error(a.string() + " and " + b.string() + ": cannot be compared: HDF5 says " +
                exception.getFuncName() + ": " + exception.getDetailMsg());
  }
}

}  // namespace elbow
