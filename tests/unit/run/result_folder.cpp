#include "run/result_folder.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <elbow/error.hpp>

#include "scratch.hpp"

using namespace elbow;
using namespace elbow::test;
using Catch::Matchers::Contains;

TEST_CASE("a second run in one folder is refused with the process that holds it") {
  const Scratch scratch;
  const FolderLock lock(scratch.folder() / "results");
  CHECK_THROWS_WITH(
      FolderLock(scratch.folder() / "results"),
      Contains("another run is writing into this folder") && Contains(std::to_string(getpid())));
}

TEST_CASE("the lock of a killed run is free") {
  const Scratch scratch;
  const pid_t other = fork();
  if (other == 0) {
    const FolderLock lock(scratch.folder());
    raise(SIGKILL);
  }
  waitpid(other, nullptr, 0);
  CHECK_NOTHROW(FolderLock(scratch.folder()));
}

TEST_CASE("temporary files of dead processes are removed, and nothing else") {
  const Scratch scratch;
  const auto folder = scratch.folder() / "cells" / "ab";
  make_folder(folder);
  const pid_t dead = fork();
  if (dead == 0) _exit(0);
  waitpid(dead, nullptr, 0);
  const std::string hash = "ab" + std::string(30, '0');
  write_text(folder / (hash + ".h5"), "a cell");
  write_text(folder / ("." + hash + ".h5.tmp-" + std::to_string(dead)), "half a cell");
  write_text(folder / ("." + hash + ".h5.tmp-" + std::to_string(getpid())), "being written");
  write_text(folder / "notes.txt", "of a user");
  CHECK(remove_leftovers(scratch.folder()) == 1);
  CHECK(exists(folder / (hash + ".h5")));
  CHECK(exists(folder / ("." + hash + ".h5.tmp-" + std::to_string(getpid()))));
  CHECK(exists(folder / "notes.txt"));
}
