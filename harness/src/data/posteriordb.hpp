#pragma once

#include <elbow/types.hpp>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace elbow {

/// One posterior of posteriordb. Files that are not there are empty.
struct DatabasePosterior {
  std::string name;
  /// The variables that its reference draws are of, in the order of the file, with their shapes.
  std::vector<Variable> variables;
  std::string model_name, data_name, reference_name;  ///< the last is empty when it has none
  std::filesystem::path data, program, reference;     ///< JSON (zipped or not), Stan, JSON
};

/// A checkout of posteriordb (https://github.com/stan-dev/posteriordb).
class PosteriorDatabase {
 public:
  /// @param root  the checkout, or its folder `posterior_database`
  /// @throws Error when there is no folder `posteriors` in either.
  explicit PosteriorDatabase(const std::filesystem::path& root);
  /// The one that $POSTERIORDB names. @throws Error when it is not set, too.
  static PosteriorDatabase from_environment();

  const std::filesystem::path& root() const { return root_; }
  /// In alphabetical order, without aliases.
  const std::vector<std::string>& names() const { return names_; }
  /// The posterior of an alias; other names as they are.
  std::string resolved(const std::string& name) const;
  /// @throws Error when its file is missing or is not as posteriordb documents it.
  DatabasePosterior posterior(const std::string& name) const;

 private:
  std::filesystem::path root_;
  std::vector<std::string> names_;
  std::map<std::string, std::string> aliases_;
};

/// A JSON file that is no archive: the file itself, or, of a zipped or gzipped one, a copy of its
/// content in the user's cache ($XDG_CACHE_HOME or ~/.cache, then elbow/posteriordb).
/// @throws Error naming the file.
std::filesystem::path unpacked(const std::filesystem::path& file);

}  // namespace elbow
