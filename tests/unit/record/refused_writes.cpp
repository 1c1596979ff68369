#include <H5Cpp.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstring>
#include <fstream>

#include "example_cell.hpp"
#include "support/scratch_folder.hpp"
#include "support/unprivileged.hpp"

using namespace elbow;
using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;
using elbow::test::Unprivileged;

namespace {

/// Files of this process cannot grow beyond this while the object lives.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limited{bytes, before_.rlim_max};
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
    ::setrlimit(RLIMIT_FSIZE, &limited);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int) = SIG_DFL;
};

/// Some megabytes in hundreds of chunks, with many datasets and attributes.
void write_much(CellWriter& cell) {
  write_example(cell);
  std::vector<Variable> variables{{"z", {7, 3}, {}, ""}};
  for (int i = 0; i < 40; ++i)
    variables.push_back({std::string("v").append(std::to_string(i)), {}, {}, "some unit"});
  DrawStream& draws = cell.draws("much", variables, 2);
  for (int i = 0; i < 60; ++i)
    for (Index chain = 0; chain < 2; ++chain) draws.append(chain, Eigen::MatrixXd::Random(61, 100));
}

/// Of HDF5, except for types, which the program keeps.
ssize_t open_handles() {
  return H5Fget_obj_count(static_cast<hid_t>(H5F_OBJ_ALL),
                          H5F_OBJ_FILE | H5F_OBJ_DATASET | H5F_OBJ_GROUP | H5F_OBJ_ATTR);
}

/// What the process writes to stderr while the object lives.
class CapturedErrors {
 public:
  CapturedErrors() : before_(::dup(2)), file_(std::tmpfile()) { ::dup2(::fileno(file_), 2); }
  ~CapturedErrors() {
    ::dup2(before_, 2);
    ::close(before_);
    std::fclose(file_);
  }
  CapturedErrors(const CapturedErrors&) = delete;
  CapturedErrors& operator=(const CapturedErrors&) = delete;
  long bytes() const { return static_cast<long>(::lseek(::fileno(file_), 0, SEEK_END)); }

 private:
  int before_;
  std::FILE* file_;
};

}  // namespace

TEST_CASE("A disk that is full at any moment is an error with the reason, and leaves nothing") {
  const ScratchFolder folder;
  {
    CellWriter cell(folder / "whole.h5");
    write_much(cell);
    cell.commit();
  }
  const auto whole = std::filesystem::file_size(folder / "whole.h5");
  REQUIRE(whole > 4'000'000);
  std::filesystem::remove(folder / "whole.h5");
  REQUIRE(open_handles() == 0);
  for (std::uintmax_t size = 0; size < whole; size += whole / 37) {
    const CapturedErrors errors;
    std::string message = "no error";
    {
      const FileSizeLimit limit(size);
      try {
        CellWriter cell(folder / "cells/ab/a.h5");
        write_much(cell);
        cell.commit();
      } catch (const RecordError& error) {
        message = error.what();
      }
    }
    INFO("room for " << size << " of " << whole << " bytes");
    CHECK_THAT(message, EndsWith("cells/ab/a.h5: cannot be written: File too large"));
    CHECK(files_in(folder.path()) == 0);
    CHECK(open_handles() == 0);
    CHECK(errors.bytes() == 0);
  }
}

TEST_CASE("After a refused write every further call is refused with the same reason") {
  const ScratchFolder folder;
  CellWriter cell(folder / "a.h5");
  DrawStream& draws = cell.draws("posterior", {{"z", {1000}, {}, ""}}, 1);
  const Eigen::MatrixXd block = Eigen::MatrixXd::Random(1000, 2200);
  const FileSizeLimit limit(2'000'000);
  CHECK_THROWS_WITH(draws.append(0, block), EndsWith("File too large"));
  CHECK_THROWS_WITH(draws.append(0, block), EndsWith("File too large"));
  CHECK_THROWS_WITH(cell.attribute("x", 1.0), EndsWith("File too large"));
  CHECK_THROWS_WITH(cell.commit(), EndsWith("File too large"));
  CHECK_FALSE(std::filesystem::exists(folder / "a.h5"));
}

TEST_CASE("A full file system is an error with the reason, and its other files stay intact") {
  if (::geteuid() != 0) {
    WARN("TEST SKIPPED: only root can mount a small file system");
    return;
  }
  const ScratchFolder folder;
  if (::mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=3m") != 0) {
    WARN("TEST SKIPPED: cannot mount a tmpfs: " << std::strerror(errno));
    return;
  }
  std::string message = "no error";
  std::size_t left = 0;
  bool intact = false;
  {
    CellWriter cell(folder / "cells/00/first.h5");
    write_example(cell);
    cell.commit();
  }
  try {
    CellWriter cell(folder / "cells/00/second.h5");
    write_much(cell);
    cell.commit();
  } catch (const RecordError& error) {
    message = error.what();
  }
  left = files_in(folder.path());
  {
    const H5::H5File first((folder / "cells/00/first.h5").string(), H5F_ACC_RDONLY);
    intact = first.nameExists("posterior");
  }
  ::umount(folder.path().c_str());
  CHECK_THAT(message, EndsWith("second.h5: cannot be written: No space left on device"));
  CHECK(left == 1);
  CHECK(intact);
}

TEST_CASE("A folder that cannot be written to is refused at once with the reason") {
  const ScratchFolder folder;
  std::ofstream(folder / "file") << "text";
  CHECK_THROWS_WITH(CellWriter(folder / "file/a.h5"),
                    EndsWith("file/a.h5: cannot be written: Not a directory"));
  std::filesystem::create_directory(folder / "folder.h5");
  CHECK_THROWS_WITH(CellWriter(folder / "folder.h5"), EndsWith("Is a directory"));
}

TEST_CASE("A folder that may only be read is refused with the reason, and nothing is left in it") {
  const ScratchFolder folder;
  {
    // Its owner, who may not write here, may still search it.
    if (::geteuid() == 0)
      REQUIRE(::chown(folder.path().c_str(), Unprivileged::user, gid_t(-1)) == 0);
    ::chmod(folder.path().c_str(), 0500);
    const Unprivileged user;
    if (!user.holds()) {
      WARN("TEST SKIPPED: root cannot become another user here: " << std::strerror(errno));
      return;
    }
    CHECK_THROWS_WITH(CellWriter(folder / "a.h5"), EndsWith("Permission denied"));
    CHECK_THROWS_WITH(CellWriter(folder / "sub/a.h5"), EndsWith("Permission denied"));
  }
  ::chmod(folder.path().c_str(), 0700);
  CHECK(std::filesystem::is_empty(folder.path()));
}
