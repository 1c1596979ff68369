#include "run/result_folder.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <elbow/error.hpp>

#include "data/temporary_file.hpp"
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

TEST_CASE("temporary files of this machine's dead processes are removed, and nothing else") {
  const Scratch scratch;
  const auto folder = scratch.folder() / "cells" / "ab";
  make_folder(folder);
  const pid_t dead = fork();
  if (dead == 0) _exit(0);
  waitpid(dead, nullptr, 0);
  const std::string hash = std::string("ab").append(30, '0');
  write_text(folder / (hash + ".h5"), "a cell");
  const std::string of_dead = std::string("-").append(std::to_string(dead));
  const std::string name = std::string(".").append(hash).append(".h5.tmp-");
  const auto of_this_process = temporary_beside(folder / (hash + ".h5"));
  write_text(folder / std::string(name).append(machine_name()).append(of_dead), "half a cell");
  write_text(
      scratch.folder() / std::string(".plan.json.tmp-").append(machine_name()).append(of_dead),
      "half a plan");
  write_text(folder / std::string(name).append("another-machine").append(of_dead),
             "written elsewhere");
  write_text(of_this_process, "being written");
  write_text(folder / "notes.txt", "of a user");
  CHECK(remove_leftovers(scratch.folder()) == 2);
  CHECK(exists(folder / (hash + ".h5")));
  CHECK(exists(of_this_process));
  CHECK(exists(folder / std::string(name).append("another-machine").append(of_dead)));
  CHECK(exists(folder / "notes.txt"));
}

TEST_CASE("a dead process whose parent has not asked for its status yet counts as gone") {
  const Scratch scratch;
  make_folder(scratch.folder() / "cells");
  const pid_t zombie = fork();
  if (zombie == 0) _exit(0);
  siginfo_t end;
  waitid(P_PID, id_t(zombie), &end, WEXITED | WNOWAIT);
  write_text(scratch.folder() / "cells" /
                 std::string(".x.h5.tmp-")
                     .append(machine_name())
                     .append("-")
                     .append(std::to_string(zombie)),
             "half a cell");
  CHECK(remove_leftovers(scratch.folder()) == 1);
  waitpid(zombie, nullptr, 0);
}
