#include <unistd.h>

#include <fstream>

#include "plugins/loader.hpp"
#include "support/unprivileged.hpp"
#include "unit/plugins/poison.hpp"

using namespace elbow;
using namespace elbow::test;
using Catch::Contains;
using Catch::Matches;

namespace fs = std::filesystem;

namespace {

/// A plugin folder of one test with one model in it, removed at the end.
class Scratch {
 public:
  Scratch() {
    std::string name = (fs::temp_directory_path() / "elbow-test-XXXXXX").string();
    folder_ = mkdtemp(name.data());
    fs::create_directory(folder_ / "models");
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { fs::remove_all(folder_); }
  const fs::path& folder() const { return folder_; }
  fs::path model() const { return folder_ / "models/prints_at_load.so"; }

 private:
  fs::path folder_;
};

fs::path good_plugin() { return poison("prints_at_load") / "models/prints_at_load.so"; }

std::string contents(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void write(const fs::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary) << bytes;
}

std::string reason_of(const Catalog& catalog, const std::string& name) {
  const PluginRefusal* refused = catalog.refusal(Kind::model, name);
  REQUIRE(refused);
  return refused->reason;
}

}  // namespace

TEST_CASE("files that are no libraries are refused with what they are") {
  const Catalog catalog = scan_plugins({poison("broken_files")});
  CHECK(catalog.plugins.empty());
  CHECK(catalog.refusals.size() == 6);
  CHECK_THAT(reason_of(catalog, "text"), Contains("not an ELF file (31 bytes)"));
  CHECK_THAT(reason_of(catalog, "empty"), Contains("not an ELF file (0 bytes)"));
  CHECK_THAT(reason_of(catalog, "folder"), Contains("this is a folder"));
  CHECK_THAT(reason_of(catalog, "dangling"), Contains("there is no such file (a link to "));
  CHECK_THAT(reason_of(catalog, "only_a_header"),
             Contains("ends inside its header, after 40 bytes"));
  CHECK_THAT(reason_of(catalog, "truncated"),
             Matches(".*truncated: expected at least [0-9]+ bytes, found 8192"));
}

TEST_CASE("a library for another machine is refused with both machines") {
  Scratch scratch;
  std::string bytes = contents(good_plugin());
  bytes[18] = char(183);  // e_machine: AArch64
  bytes[19] = 0;
  write(scratch.model(), bytes);
  CHECK_THAT(refusal_in(scratch.folder()), Contains("this is for ARM (64 bits)"));
}

TEST_CASE("no damage to a plugin's file harms the host") {
  const std::string bytes = contents(good_plugin());
  Scratch scratch;
  ScanSettings settings;
  settings.deadline = std::chrono::milliseconds(2000);
  // Every 64th part of the file in turn overwritten, and cut off there.
  for (std::size_t part = 0; part < 64; ++part) {
    const std::size_t from = bytes.size() * part / 64;
    std::string damaged = bytes;
    std::fill_n(damaged.begin() + std::ptrdiff_t(from),
                std::min<std::size_t>(64, bytes.size() - from), char(0xff));
    write(scratch.model(), damaged);
    const Catalog overwritten = scan_plugins({scratch.folder()}, settings);
    CHECK(overwritten.plugins.size() + overwritten.refusals.size() == 1);
    write(scratch.model(), bytes.substr(0, from));
    CHECK(scan_plugins({scratch.folder()}, settings).refusals.size() == 1);
  }
}

TEST_CASE("a plugin that may not be read is refused with the system's reason") {
  Scratch scratch;
  fs::copy_file(good_plugin(), scratch.model());
  fs::permissions(scratch.model(), fs::perms::none);
  fs::permissions(scratch.folder(), fs::perms(0755));
  const Unprivileged user;
  if (!user.holds()) {
    WARN("TEST SKIPPED: root cannot become another user here, and root reads everything");
    return;
  }
  CHECK_THAT(refusal_in(scratch.folder()), Contains("Permission denied"));
}

TEST_CASE("mapping a file that is missing is an error that names it") {
  CHECK_THROWS_WITH(map_plugin("/nonexistent/models/nothing.so", Kind::model, "nothing"),
                    "/nonexistent/models/nothing.so: expected a plugin library, there is no such "
                    "file");
}

TEST_CASE("mapping a plugin twice gives one descriptor") {
  const fs::path file = fs::path(ELBOW_PLUGINS) / "families/gaussian_mean_field.so";
  const Descriptor& first = map_plugin(file, Kind::family, "gaussian_mean_field");
  CHECK(&map_plugin(file, Kind::family, "gaussian_mean_field") == &first);
  CHECK(first.make_family);
}

TEST_CASE("the digest of a plugin changes with its content and is left out unless asked for") {
  Scratch scratch;
  fs::copy_file(good_plugin(), scratch.model());
  CHECK(scan_plugins({scratch.folder()}).plugins.at(0).digest.empty());
  ScanSettings settings;
  settings.digests = true;
  const std::string digest = scan_plugins({scratch.folder()}, settings).plugins.at(0).digest;
  CHECK(digest.size() == 64);
  write(scratch.model(), contents(good_plugin()) + "\n");
  CHECK(scan_plugins({scratch.folder()}, settings).plugins.at(0).digest != digest);
}
