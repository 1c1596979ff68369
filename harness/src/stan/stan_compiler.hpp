#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace elbow {

/// A library that BridgeStan made from a Stan program.
struct StanLibrary {
  std::filesystem::path file;
  std::string
      key;  ///< of all that it was made from: program, compiler, flags, BridgeStan's version
};

/// Compiles Stan programs with a checkout of BridgeStan, and keeps the libraries in a cache. The
/// only part of the program that starts other programs. Processes that compile at the same time
/// wait for each other, because they share the checkout; a library appears in the cache complete or
/// not at all.
class StanCompiler {
 public:
  using Tell = std::function<void(const std::string&)>;

  /// Looks at nothing yet.
  /// @param checkout  the value of $BRIDGESTAN, or empty
  /// @param cache     made when it is needed
  /// @param tell      is called with a line for people before something is compiled
  StanCompiler(std::string checkout, std::filesystem::path cache, Tell tell = {});
  /// With $BRIDGESTAN and $XDG_CACHE_HOME/elbow/stan, or ~/.cache/elbow/stan.
  static StanCompiler from_environment(Tell tell = {});

  /// @param program  absolute path of a .stan file
  /// @throws Error saying what is wrong with the checkout, or with what the compiler printed.
  StanLibrary compile(const std::filesystem::path& program);

 private:
  struct Toolchain {
    std::filesystem::path checkout;
    std::string version;   ///< of BridgeStan
    std::string compiler;  ///< its first line of --version
    std::string identity;  ///< of everything that decides how programs are compiled
  };

  const Toolchain& toolchain();
  StanLibrary find_or_build(const std::filesystem::path& program);
  void build(const std::filesystem::path& program, const std::string& text,
             const StanLibrary& library);

  std::string checkout_;
  std::filesystem::path cache_;
  Tell tell_;
  std::optional<Toolchain> toolchain_;
  std::map<std::filesystem::path, StanLibrary> known_;
  std::map<std::filesystem::path, std::string> failures_;  ///< so that none is tried twice
};

}  // namespace elbow
