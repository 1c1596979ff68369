#pragma once

#include <filesystem>

namespace elbow {

/// Makes a file of every kind of content and throws it away. What HDF5 and the dynamic linker set
/// up at their first use is then there for all processes that are forked, instead of being set up
/// in each.
/// @param folder  can be written to; nothing is left in it
/// @throws RecordError
void warm_up_recording(const std::filesystem::path& folder);

}  // namespace elbow
