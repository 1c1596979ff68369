#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "program.hpp"
#include "record/cell_summary.hpp"

using namespace elbow;
using namespace elbow::test;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {

/// A file system of a given size in memory, seen by this process and its children only.
class SmallDisk {
 public:
  SmallDisk(const fs::path& folder, const std::string& size) : folder_(folder) {
    fs::create_directory(folder);
    mounted_ = unshare(CLONE_NEWNS) == 0 &&
               mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
               mount("tmpfs", folder.c_str(), "tmpfs", 0, ("size=" + size).c_str()) == 0;
    if (!mounted_)
      WARN("TEST SKIPPED: no file system can be mounted here: " << std::strerror(errno));
  }
  ~SmallDisk() {
    if (mounted_) umount2(folder_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  bool mounted() const { return mounted_; }
  void remount(const std::string& size, bool read_only) const {
    REQUIRE(mount("tmpfs", folder_.c_str(), "tmpfs", MS_REMOUNT | (read_only ? MS_RDONLY : 0),
                  ("size=" + size).c_str()) == 0);
  }

 private:
  fs::path folder_;
  bool mounted_ = false;
};

}  // namespace

TEST_CASE("a full disk ends the run with its reason, and with room again the rest is run") {
  const Workplace place;
  const SmallDisk disk(place / "disk", "600k");
  if (!disk.mounted()) return;
  place.write("a.toml", experiment(60));
  REQUIRE(elbow::test::elbow(place.folder(), {"run", "a.toml", "--results", "calm"}).status == 0);
  const Ended full = elbow::test::elbow(place.folder(), {"run", "a.toml", "--results", "disk"});
  INFO(full.output);
  CHECK(full.status == 1);
  CHECK_THAT(full.output, Contains("No space left on device"));
  const std::size_t done = cell_files(place / "disk/a").size();
  CHECK(done > 0);
  CHECK(done < 60);
  require_complete_files(place / "disk/a");
  disk.remount("100m", false);
  CHECK(elbow::test::elbow(place.folder(), {"run", "a.toml", "--results", "disk"}).status == 0);
  require_same_results(place / "calm/a", place / "disk/a");
}

TEST_CASE("a read-only folder is refused with its reason, and its cells stay") {
  const Workplace place;
  const SmallDisk disk(place / "disk", "100m");
  if (!disk.mounted()) return;
  place.write("a.toml", experiment(3));
  REQUIRE(elbow::test::elbow(place.folder(), {"run", "a.toml", "--results", "disk"}).status == 0);
  disk.remount("100m", true);
  const Ended refused = elbow::test::elbow(
      place.folder(), {"run", "a.toml", "--results", "disk", "--set", "repeats=6"});
  CHECK(refused.status == 2);
  CHECK_THAT(refused.output, Contains("disk/a") && Contains("Read-only file system"));
  CHECK(cell_files(place / "disk/a").size() == 3);
  require_complete_files(place / "disk/a");
}

TEST_CASE("a results folder that is a file is refused with its name") {
  const Workplace place;
  place.write("a.toml", experiment(1));
  place.write("results", "not a folder");
  const Ended refused = elbow::test::elbow(place.folder(), {"run", "a.toml"});
  CHECK(refused.status == 2);
  CHECK_THAT(refused.output, Contains("results/a"));
}

TEST_CASE("a plugin that is removed during a run fails the cells that are left, with its name") {
  const Workplace place;
  const fs::path plugins = place.copy_of_plugins();
  place.write("a.toml", experiment(12, "pause = 5"));
  Program program(place.folder(), {"run", "a.toml", "-j", "1"}, plugins);
  wait_for_cells(place / "results/a", 2);
  fs::rename(plugins / "samplers/moody.so", place / "moody.so");
  const Ended run = program.wait();
  INFO(run.output);
  CHECK(run.status == 1);
  CHECK_THAT(run.output, Contains("samplers/moody.so"));
  std::size_t good = 0;
  for (const CellSummary& summary : read_index(place / "results/a"))
    good += !is_failure(summary.outcome.ending);
  CHECK(good >= 2);
  CHECK(good < 12);
  fs::rename(place / "moody.so", plugins / "samplers/moody.so");
  const Ended rest = elbow::test::elbow(place.folder(), {"run", "a.toml"}, plugins);
  CHECK(rest.status == 0);
  CHECK_THAT(rest.output, Contains(std::to_string(good) + " cached"));
}

TEST_CASE("a plugin that is rebuilt during a run does not mix two builds in one result") {
  const Workplace place;
  const fs::path plugins = place.copy_of_plugins();
  fs::copy_file(plugins / "samplers/moody.so", place / "new.so");
  std::ofstream(place / "new.so", std::ios::app) << "another build";
  place.write("a.toml", experiment(12, "pause = 20"));
  Program program(place.folder(), {"run", "a.toml", "-j", "1"}, plugins);
  wait_for_cells(place / "results/a", 2);
  fs::rename(place / "new.so", plugins / "samplers/moody.so");
  const Ended run = program.wait();
  CHECK(run.status == 1);
  CHECK_THAT(run.output, Contains("samplers/moody.so") && Contains("changed"));
}

TEST_CASE("data that cannot be read are an error with their place") {
  const Workplace place;
  place.write("a.toml", experiment(1, "", "", "centres = \"absent.csv\""));
  const Ended absent = elbow::test::elbow(place.folder(), {"run", "a.toml"});
  CHECK(absent.status == 2);
  CHECK_THAT(absent.output, Contains("absent.csv") && Contains("a.toml:"));
  fs::create_directory(place / "folder.csv");
  place.write("b.toml", experiment(1, "", "", "centres = \"folder.csv\""));
  const Ended folder = elbow::test::elbow(place.folder(), {"run", "b.toml"});
  CHECK(folder.status == 2);
  CHECK_THAT(folder.output, Contains("folder.csv"));
}

TEST_CASE("data that go during a run fail the cells that are left, and completed ones stay") {
  const Workplace place;
  place.write("centres.csv", "1,2\n3,4\n");
  place.write("a.toml", experiment(12, "pause = 5", "", "centres = \"centres.csv\""));
  Program program(place.folder(), {"run", "a.toml", "-j", "1"});
  wait_for_cells(place / "results/a", 2);
  fs::rename(place / "centres.csv", place / "elsewhere.csv");
  const Ended run = program.wait();
  INFO(run.output);
  CHECK(run.status == 1);
  CHECK_THAT(run.output, Contains("centres.csv"));
  require_complete_files(place / "results/a");
  fs::rename(place / "elsewhere.csv", place / "centres.csv");
  CHECK(elbow::test::elbow(place.folder(), {"run", "a.toml"}).status == 0);
}
