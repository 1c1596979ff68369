#include "plugins/loader.hpp"

#define BOOST_DLL_USE_STD_FS
#include <string>  // Boost 1.74's library_info.hpp uses these two without including them
#include <vector>
//
#include <algorithm>
#include <boost/dll/library_info.hpp>
#include <boost/dll/shared_library.hpp>
#include <elbow/error.hpp>
#include <ios>

#include "plugins/elf_header.hpp"
#include "plugins/handshake.hpp"

namespace elbow {
namespace {

namespace fs = std::filesystem;

constexpr const char* section = "elbow";

std::vector<std::string> exported_symbols(const fs::path& file) {
  try {
    return boost::dll::library_info(file).symbols(section);
  } catch (const std::ios_base::failure&) {
    throw Error(file.string() + ": the file is damaged: its table of symbols cannot be read");
  } catch (const std::exception& error) {
    throw Error(file.string() + ": the file is damaged: " + error.what());
  }
}

std::string own_symbol() { return ELBOW_SYMBOL_PREFIX + std::to_string(ELBOW_ABI); }

/// The symbol whose name carries this program's ABI number.
std::string find_symbol(const fs::path& file) {
  const std::string prefix = ELBOW_SYMBOL_PREFIX;
  const std::string expected = own_symbol();
  std::string other;
  for (const std::string& symbol : exported_symbols(file)) {
    if (symbol == expected) return expected;
    if (symbol.starts_with(prefix)) other = symbol.substr(prefix.size());
  }
  if (!other.empty())
    throw Error(file.string() + ": plugin ABI: expected " + std::to_string(ELBOW_ABI) + ", found " +
                other + "; rebuild the plugin with this program's SDK");
  throw Error(file.string() + ": expected the symbol " + expected + " in the section \"" + section +
              "\", found none: not a plugin (no ELBOW_PLUGIN line), or stripped of its symbols");
}

const Descriptor& map(const fs::path& file, const std::string& symbol, Kind expected_kind,
                      const std::string& expected_name) {
  const Descriptor* descriptor = nullptr;
  try {
    // Never unloaded, not even at exit: objects whose code lies in it may outlive everything here.
    static auto& mapped = *new std::vector<boost::dll::shared_library>;
    mapped.emplace_back(fs::absolute(file),
                        boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
    descriptor = static_cast<const Descriptor*>(mapped.back().get<const void* const>(symbol));
  } catch (const std::exception& error) {
    throw Error(file.string() + ": cannot be mapped: " + error.what());
  }
  if (!descriptor) throw Error(file.string() + ": the symbol " + symbol + " points nowhere");
  check_descriptor(*descriptor, expected_kind, expected_name, file.string());
  return *descriptor;
}

}  // namespace

const Descriptor& map_plugin(const fs::path& file, Kind expected_kind,
                             const std::string& expected_name) {
  check_elf_library(file);
  return map(file, find_symbol(file), expected_kind, expected_name);
}

const Descriptor& map_scanned_plugin(const fs::path& file, Kind expected_kind,
                                     const std::string& expected_name) {
  return map(file, own_symbol(), expected_kind, expected_name);
}

}  // namespace elbow
