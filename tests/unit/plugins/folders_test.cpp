#include "plugins/folders.hpp"

#include <cstdlib>
#include <elbow/error.hpp>

#include "unit/plugins/poison.hpp"

using namespace elbow;
using namespace elbow::test;
using Catch::Contains;

namespace fs = std::filesystem;

namespace {

/// Sets $ELBOW_PLUGIN_PATH for one test.
class PluginPath {
 public:
  explicit PluginPath(const std::string& value) { setenv("ELBOW_PLUGIN_PATH", value.c_str(), 1); }
  PluginPath(const PluginPath&) = delete;
  PluginPath& operator=(const PluginPath&) = delete;
  ~PluginPath() { unsetenv("ELBOW_PLUGIN_PATH"); }
};

bool contains(const std::vector<fs::path>& folders, const fs::path& folder) {
  return std::find(folders.begin(), folders.end(), fs::canonical(folder)) != folders.end();
}

}  // namespace

TEST_CASE("the path of the environment is searched before folders that a person gives") {
  PluginPath path(poison("twin_a").string() + ":" + poison("newer_abi").string());
  const std::vector<fs::path> folders = plugin_folders({poison("twin_b")});
  REQUIRE(folders.size() >= 3);
  const auto last = folders.end();
  CHECK(*(last - 3) == fs::canonical(poison("twin_a")));
  CHECK(*(last - 2) == fs::canonical(poison("newer_abi")));
  CHECK(*(last - 1) == fs::canonical(poison("twin_b")));
}

TEST_CASE("an empty entry of the path does not stand for the current directory") {
  const fs::path before = fs::current_path();
  fs::current_path(poison("twin_a"));
  PluginPath path("::" + poison("twin_b").string() + ":");
  const std::vector<fs::path> folders = plugin_folders();
  fs::current_path(before);
  CHECK(contains(folders, poison("twin_b")));
  CHECK_FALSE(contains(folders, poison("twin_a")));
}

TEST_CASE("a relative entry of the path is an error") {
  PluginPath path("plugins");
  CHECK_THROWS_WITH(plugin_folders(), Contains("absolute") && Contains("\"plugins\""));
}

TEST_CASE("a folder that is not there, is a file or has no kinds in it is an error") {
  CHECK_THROWS_WITH(plugin_folders({"/nonexistent"}), Contains("there is no such file"));
  CHECK_THROWS_WITH(plugin_folders({"/proc/self/exe"}), Contains("this is a file"));
  CHECK_THROWS_WITH(plugin_folders({poison("twin_a") / "models"}),
                    Contains("<kind>/<name>.so") && Contains("models"));
}

TEST_CASE("names can be listed without opening a file") {
  const std::vector<std::string> names = plugin_names(
      {poison("aborts_at_load"), poison("broken_files"), poison("twin_a")}, Kind::model);
  CHECK(names == std::vector<std::string>{"aborts_at_load", "dangling", "empty", "folder",
                                          "only_a_header", "text", "truncated", "twin"});
}

TEST_CASE("kinds are named in singular or plural") {
  for (Kind kind : all_kinds) {
    CHECK(kind_from_name(kind_name(kind)) == kind);
    CHECK(kind_from_name(kind_folder(kind)) == kind);
  }
  CHECK_FALSE(kind_from_name("Model"));
}
