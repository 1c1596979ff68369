#include "record/named_dataset.hpp"

#include <vector>

#include "record/hdf5.hpp"

namespace elbow {

std::string extents_text(const H5::DataSpace& space) {
  std::vector<hsize_t> shape(static_cast<std::size_t>(space.getSimpleExtentNdims()));
  if (!shape.empty()) space.getSimpleExtentDims(shape.data());
  std::string text;
  for (hsize_t extent : shape) text += (text.empty() ? "" : " x ") + std::to_string(extent);
  return text.empty() ? "one value" : text;
}

std::string list_datasets(const H5::H5File& file) {
  struct Listing {
    hid_t file;
    std::string text;
  } listing{file.getId(), ""};
  const auto visit = [](hid_t, const char* name, const H5O_info_t* info, void* out) -> herr_t {
    if (info->type != H5O_TYPE_DATASET) return 0;
    auto& list = *static_cast<Listing*>(out);
    const hid_t id = H5Dopen2(list.file, name, H5P_DEFAULT);
    if (id < 0) return 0;
    const H5::DataSet dataset(id);
    H5Dclose(id);
    list.text += (list.text.empty() ? "" : ", ") + std::string(name) + " (" +
                 extents_text(dataset.getSpace()) + (is_number(dataset) ? ")" : ", no numbers)");
    return 0;
  };
  H5Ovisit2(file.getId(), H5_INDEX_NAME, H5_ITER_INC, visit, &listing, H5O_INFO_BASIC);
  return listing.text.empty() ? "it has none" : "it has " + listing.text;
}

H5::DataSet open_dataset(const H5::H5File& file, const std::string& name,
                         const std::function<void(const std::string& found)>& fail) {
  const hid_t object = H5Oopen(file.getId(), name.c_str(), H5P_DEFAULT);
  if (object < 0) fail("no such dataset");
  const H5I_type_t type = H5Iget_type(object);
  H5Oclose(object);
  if (type != H5I_DATASET) fail("a group");
  return file.openDataSet(name);
}

}  // namespace elbow
