#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace elbow {

/// A data file as an experiment names it. What the experiment does not say is empty.
struct DataRequest {
  std::string file;
  std::string sha256;  ///< what its content must have
  std::string url;     ///< where a person can get it; nothing is downloaded
};

/// A data file that was found.
struct DataFile {
  std::filesystem::path path;  ///< absolute
  std::string sha256;          ///< of its content
};

/// How data files are found. @throws Error whose text says what was looked for, and where.
using DataFinder = std::function<DataFile(const DataRequest&)>;

/// Looks next to the experiment file, then in each folder of $ELBOW_DATA. A file's digest is
/// computed once in the finder's life.
/// @param experiment_folder  where the experiment file is
/// @param data_folders       the value of $ELBOW_DATA: folders separated by colons, or empty
DataFinder find_data_in(const std::filesystem::path& experiment_folder,
                        const std::string& data_folders);

}  // namespace elbow
