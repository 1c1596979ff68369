#include "data/lookup.hpp"

#include <algorithm>
#include <cctype>
#include <elbow/error.hpp>
#include <map>
#include <memory>

#include "data/digest.hpp"

namespace elbow {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> split_folders(const std::string& text) {
  std::vector<fs::path> folders;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(':', begin), text.size());
    if (end > begin) folders.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return folders;
}

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return char(std::tolower(c)); });
  return text;
}

/// @param folder  of the file's name; empty: there is none
std::string not_found(const DataRequest& request, const fs::path& experiment_folder,
                      const std::vector<fs::path>& folders, const fs::path& folder) {
  std::string text = "data file \"" + request.file + "\" was not found";
  if (!folder.empty())
    text = "expected a data file, but " + folder.string() + " is a folder; no file was found";
  if (fs::path(request.file).is_absolute()) {
    text += " (its path is absolute, so that no other place was searched)";
  } else {
    text += " next to the experiment file (" + experiment_folder.string() + ") nor in $ELBOW_DATA";
    if (folders.empty()) {
      text += " (not set)";
    } else {
      text += " (";
      for (std::size_t i = 0; i < folders.size(); ++i)
        text += (i ? ", " : "") + folders[i].string();
      text += ")";
    }
  }
  if (!request.url.empty()) text += "; it can be had from " + request.url;
  if (!request.sha256.empty()) text += "; its SHA-256 is " + request.sha256;
  return text;
}

}  // namespace

DataFinder find_data_in(const fs::path& experiment_folder, const std::string& data_folders) {
  const fs::path home = fs::absolute(experiment_folder).lexically_normal();
  const std::vector<fs::path> folders = split_folders(data_folders);
  const auto digests = std::make_shared<std::map<fs::path, std::string>>();
  return [home, folders, digests](const DataRequest& request) {
    std::vector<fs::path> candidates{home / request.file};
    for (const fs::path& folder : folders) candidates.push_back(folder / request.file);
    // A folder of the file's name is passed over: only a file can be data.
    std::error_code ignored;
    const auto found = std::find_if(candidates.begin(), candidates.end(), [&](const fs::path& p) {
      return fs::exists(p, ignored) && !fs::is_directory(p, ignored);
    });
    if (request.file.empty() || found == candidates.end()) {
      const auto folder =
          std::find_if(candidates.begin(), candidates.end(),
                       [&](const fs::path& p) { return fs::is_directory(p, ignored); });
      throw Error(not_found(request, home, folders,
                            folder == candidates.end() ? "" : folder->lexically_normal()));
    }
    // Before it is read: that could wait for ever.
    if (!fs::is_regular_file(*found, ignored))
      throw Error("data file " + found->string() +
                  " is not a regular file, but a FIFO, a socket or a device");
    DataFile file{fs::absolute(*found).lexically_normal(), ""};
    // Reading a pipe or a device may take for ever, and gives something else the next time.
    if (!fs::is_regular_file(file.path, ignored))
      throw Error(file.path.string() + " is not a regular file; data must be in one");
    auto known = digests->find(file.path);
    if (known == digests->end())
      known = digests->emplace(file.path, sha256_of_file(file.path)).first;
    file.sha256 = known->second;
    if (!request.sha256.empty() && lower_case(request.sha256) != file.sha256)
      throw Error("data file " + file.path.string() + " has the SHA-256 " + file.sha256 +
                  ", but the experiment asks for " + request.sha256 +
                  (request.url.empty() ? "" : "; it can be had from " + request.url));
    return file;
  };
}

}  // namespace elbow
