#include "run/scheduler.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <elbow/error.hpp>
#include <iostream>
#include <thread>

#include "record/cell_writer.hpp"
#include "run/worker.hpp"
#include "scratch.hpp"

using namespace elbow;
using namespace elbow::test;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

ScheduleSettings workers(std::size_t count) {
  ScheduleSettings settings;
  settings.workers = count;
  return settings;
}

[[noreturn]] void loop_forever() {
  for (;;) asm volatile("");
}

void sleep_ms(int milliseconds) {
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

/// Until there is such a file. @throws Error after 20 s.
void wait_for(const std::filesystem::path& file) {
  for (int i = 0; i < 4000 && !exists(file); ++i) sleep_ms(5);
  if (!exists(file)) throw Error("waited in vain for " + file.string());
}

}  // namespace

TEST_CASE("every cell is run once and has its file") {
  const Scratch scratch;
  const auto cells = some_cells(300);
  const auto result = schedule(cells, scratch, text_work([](const Cell&) {}), workers(3));
  CHECK(result.finished.size() == 300);
  CHECK(result.error.empty());
  for (const Cell& cell : cells) CHECK(stored(scratch, cell) == "converged");
}

TEST_CASE("never more workers run than were asked for, and all of them are used") {
  const Scratch scratch;
  const auto here = scratch.folder() / "here";
  create_directory(here);
  const auto mark = [&](int cell) { return here / std::to_string(cell); };
  std::size_t most = 0;
  const auto result = run_cells(
      pointers(some_cells(12)), scratch.folder(), text_work([&](const Cell& cell) {
        const int own = int(cell.replicate);
        write_text(mark(own), "");
        for (int beside : {0, 1, 2})
          if (own < 3) wait_for(mark(beside));
        const auto count = std::distance(std::filesystem::directory_iterator(here), {});
        if (count > 3) throw Error(std::to_string(count) + " cells run");
        // The first three stay until all three have seen each other.
        write_text(scratch.folder() / ("saw " + std::to_string(own)), "");
        for (int beside : {0, 1, 2})
          if (own < 3) wait_for(scratch.folder() / ("saw " + std::to_string(beside)));
        sleep_ms(5);
        remove(mark(own));
      }),
      workers(3), [&](const ScheduleState& state) { most = std::max(most, state.running); });
  CHECK(most <= 3);
  for (const FinishedCell& finished : result.finished) {
    INFO(finished.outcome.reason);
    CHECK(finished.outcome.ending == Ending::converged);
  }
}

TEST_CASE("cells start in the order given") {
  const Scratch scratch;
  const auto cells = some_cells(20);
  auto order = pointers(cells);
  std::swap(order[3], order[17]);
  const auto result = run_cells(order, scratch.folder(), text_work([](const Cell&) {}), workers(1),
                                [](const ScheduleState&) {});
  REQUIRE(result.finished.size() == order.size());
  for (std::size_t i = 0; i < order.size(); ++i) CHECK(result.finished[i].cell == order[i]);
}

TEST_CASE("each kind of failure has its outcome, its file and its log, and the others go on") {
  const Scratch scratch;
  const auto cells = some_cells(10);
  ScheduleSettings settings = workers(2);
  settings.limits.wall_seconds = 2;
  settings.limits.memory_mb = 100;
  settings.grace_seconds = 0.1;
  const auto result = schedule(cells, scratch, text_work([](const Cell& cell) {
                                 std::cerr << "cell " << cell.replicate << " begins\n";
                                 switch (cell.replicate) {
                                   case 1:
                                     throw Error("a missing file");
                                   case 2:
                                     loop_forever();
                                   case 3: {
                                     std::vector<std::vector<char>> all;
                                     for (;;) all.emplace_back(1 << 20, 'x');
                                   }
                                   case 4:
                                     signal(SIGSEGV, SIG_DFL);
                                     raise(SIGSEGV);
                                     break;
                                   case 5:
                                     _exit(7);
                                   case 6:
                                     raise(SIGKILL);
                                     break;
                                   case 7:
                                     throw 42;
                                   default:;
                                 }
                               }),
                               settings);
  CHECK(result.finished.size() == 10);
  CHECK(result.error.empty());
  CHECK(stored(scratch, cells[0]) == "converged");
  CHECK(stored(scratch, cells[1]) == "failed: a missing file");
  CHECK_THAT(stored(scratch, cells[2]), StartsWith("timed_out: the limit of 2 s"));
  CHECK_THAT(stored(scratch, cells[3]), StartsWith("out_of_memory") && Contains("100 MB"));
  CHECK_THAT(stored(scratch, cells[4]), StartsWith("crashed: SIGSEGV (signal 11") &&
                                            Contains("it last printed: cell 4 begins"));
  CHECK_THAT(stored(scratch, cells[5]), StartsWith("failed: the process ended with exit status 7"));
  CHECK_THAT(stored(scratch, cells[6]), StartsWith("crashed: SIGKILL (signal 9)"));
  CHECK_THAT(stored(scratch, cells[7]), StartsWith("failed: an exception"));
  CHECK(stored(scratch, cells[8]) == "converged");
  CHECK(stored(scratch, cells[9]) == "converged");
  for (const Cell& cell : cells) {
    const auto log = scratch.folder() / failure_log_path(cell.hash);
    const bool failed = cell.replicate > 0 && cell.replicate < 8;
    CHECK(exists(log) == failed);
    if (failed) CHECK_THAT(text_of(log), Contains("cell " + std::to_string(cell.replicate)));
  }
}

TEST_CASE("at its wall limit a cell is asked to stop, and keeps what it stores") {
  const Scratch scratch;
  const auto cells = some_cells(1);
  ScheduleSettings settings = workers(1);
  settings.limits.wall_seconds = 0.1;
  CellWork work = text_work([](const Cell&) {});
  work.run = [](const Cell&, const std::filesystem::path& file) {
    while (!stop_requested()) sleep_ms(1);
    write_text(file, "what there was");
    return Outcome{Ending::timed_out, "asked to stop"};
  };
  const auto result = schedule(cells, scratch, work, settings);
  REQUIRE(result.finished.size() == 1);
  CHECK(result.finished[0].outcome.ending == Ending::timed_out);
  CHECK(stored(scratch, cells[0]) == "what there was");
}

TEST_CASE("a cell that has stopped at its wall limit has time for its metrics") {
  const Scratch scratch;
  const auto cells = some_cells(1);
  ScheduleSettings settings = workers(1);
  settings.limits.wall_seconds = 0.1;
  settings.grace_seconds = 0.1;
  const auto result = schedule(cells, scratch, text_work([](const Cell&) {
                                 while (!stop_requested()) sleep_ms(1);
                                 announce_stopped();
                                 sleep_ms(600);
                               }),
                               settings);
  REQUIRE(result.finished.size() == 1);
  CHECK(result.finished[0].outcome.ending == Ending::converged);
}

TEST_CASE("a cell that only waits for the disk is not stopped at its wall limit") {
  const Scratch scratch;
  const auto cells = some_cells(1);
  ScheduleSettings settings = workers(1);
  settings.limits.wall_seconds = 0.1;
  settings.grace_seconds = 0.05;
  const auto result = schedule(cells, scratch, text_work([](const Cell&) {
                                 announce_storing();
                                 sleep_ms(600);
                               }),
                               settings);
  REQUIRE(result.finished.size() == 1);
  CHECK(result.finished[0].outcome.ending == Ending::converged);
}

TEST_CASE("while a cell waits for the disk its worker's place is another's") {
  const Scratch scratch;
  const auto cells = some_cells(2);
  const auto second = scratch.folder() / cell_path(cells[1].hash);
  schedule(cells, scratch, text_work([&](const Cell& cell) {
             if (cell.replicate > 0) return;
             announce_storing();
             wait_for(second);
           }),
           workers(1));
  CHECK(stored(scratch, cells[0]) == "converged");
  CHECK(stored(scratch, cells[1]) == "converged");
}

TEST_CASE("processors that no cell needs are lent to a cell and come back with its end") {
  const Scratch scratch;
  const auto cells = some_cells(3);
  const auto take = [](int most, int expected) {
    const int got = take_processors(most);
    if (got != expected)
      throw Error("expected " + std::to_string(expected) + ", got " + std::to_string(got));
  };
  const auto started = [&](std::size_t cell) {
    return scratch.folder() / ("started " + std::to_string(cell));
  };
  const auto result_of = [&](std::size_t cell) {
    return scratch.folder() / cell_path(cells[cell].hash);
  };
  const auto result = schedule(cells, scratch, text_work([&](const Cell& cell) {
                                 write_text(started(static_cast<std::size_t>(cell.replicate)), "");
                                 if (cell.replicate == 0) {
                                   wait_for(started(1));
                                   wait_for(started(2));
                                   take(10, 2);
                                   take(10, 0);
                                   give_back_processors();
                                   take(1, 1);
                                 } else if (cell.replicate == 1) {
                                   // The first cell's own and what it was lent, as soon as the host
                                   // has seen its end, which is after its result is there.
                                   wait_for(result_of(0));
                                   int got = 0;
                                   for (int i = 0; i < 4000 && got < 3; ++i, sleep_ms(5))
                                     got += take_processors(10);
                                   if (got != 3) throw Error("got " + std::to_string(got));
                                   take(10, 0);
                                 } else {
                                   wait_for(result_of(1));
                                 }
                               }),
                               workers(5));
  for (const FinishedCell& finished : result.finished) {
    INFO(finished.outcome.reason);
    CHECK(finished.outcome.ending == Ending::converged);
  }
  CHECK(take_processors(10) == 0);  // of no worker
}

TEST_CASE("a cell that only waits for the disk gets there when a failure stops the run") {
  const Scratch scratch;
  const auto cells = some_cells(2);
  ScheduleSettings settings = workers(2);
  settings.fail_fast = true;
  const auto waits = scratch.folder() / "waits";
  const auto result = schedule(cells, scratch, text_work([&](const Cell& cell) {
                                 if (cell.replicate == 0) {
                                   announce_storing();
                                   write_text(waits, "");
                                   sleep_ms(500);
                                 } else {
                                   wait_for(waits);
                                   sleep_ms(150);
                                   throw Error("no");
                                 }
                               }),
                               settings);
  CHECK(result.finished.size() == 2);
  CHECK(stored(scratch, cells[0]) == "converged");
}

TEST_CASE("the memory limit counts what the cell maps, not the size of the program") {
  const Scratch scratch;
  const auto cells = some_cells(1);
  ScheduleSettings settings = workers(1);
  settings.limits.memory_mb = 64;
  std::vector<char> of_the_parent(std::size_t(256) << 20, 'x');
  const auto result = schedule(cells, scratch, text_work([](const Cell&) {
                                 std::vector<char> of_the_cell(48 << 20, 'x');
                                 REQUIRE(of_the_cell.back() == 'x');
                               }),
                               settings);
  REQUIRE(result.finished.size() == 1);
  CHECK(result.finished[0].outcome.ending == Ending::converged);
  CHECK(of_the_parent.back() == 'x');
}

TEST_CASE("the log of a cell that prints a lot ends with the last that it printed") {
  const Scratch scratch;
  const auto cells = some_cells(1);
  schedule(cells, scratch, text_work([](const Cell&) {
             for (int i = 0; i < 100000; ++i) std::printf("line %d\n", i);
             throw Error("after much");
           }),
           workers(1));
  const std::string log = text_of(scratch.folder() / failure_log_path(cells[0].hash));
  CHECK(log.size() > 60 * 1024);
  CHECK(log.size() < 70 * 1024);
  CHECK_THAT(log, Catch::Matchers::EndsWith("line 99999\n"));
}

TEST_CASE("a log of an earlier failure goes when the cell succeeds") {
  const Scratch scratch;
  const auto cells = some_cells(1);
  schedule(cells, scratch, text_work([](const Cell&) { throw Error("once"); }), workers(1));
  const auto log = scratch.folder() / failure_log_path(cells[0].hash);
  REQUIRE(exists(log));
  schedule(cells, scratch, text_work([](const Cell&) {}), workers(1));
  CHECK_FALSE(exists(log));
}

TEST_CASE("processes that a cell leaves behind end with it") {
  const Scratch scratch;
  const auto cells = some_cells(1);
  const auto pid_file = scratch.folder() / "pid";
  schedule(cells, scratch, text_work([&](const Cell&) {
             const pid_t grandchild = fork();
             if (grandchild == 0) {
               sleep(60);
               _exit(0);
             }
             write_text(pid_file, std::to_string(grandchild));
           }),
           workers(1));
  const pid_t grandchild = std::stoi(text_of(pid_file));
  for (int i = 0; i < 200 && kill(grandchild, 0) == 0; ++i) {
    // Whoever adopts it may not reap it at once: a zombie is an end too.
    if (text_of("/proc/" + std::to_string(grandchild) + "/stat").find(") Z ") != std::string::npos)
      return;
    sleep_ms(5);
  }
  CHECK(kill(grandchild, 0) != 0);
}

TEST_CASE("fail_fast starts nothing after a failure and leaves what ran undone") {
  const Scratch scratch;
  const auto cells = some_cells(20);
  ScheduleSettings settings = workers(2);
  settings.fail_fast = true;
  const auto result = schedule(cells, scratch, text_work([&](const Cell& cell) {
                                 if (cell.replicate == 3) {
                                   for (std::size_t before : {0, 1, 2})
                                     wait_for(scratch.folder() / cell_path(cells[before].hash));
                                   throw Error("the third");
                                 }
                                 if (cell.replicate == 4) sleep(60);
                               }),
                               settings);
  CHECK(result.finished.size() == 4);
  CHECK_THAT(stored(scratch, cells[3]), StartsWith("failed"));
  CHECK_FALSE(exists(scratch.folder() / cell_path(cells[4].hash)));
}

TEST_CASE("a result that the system refuses to store ends the run and is no outcome") {
  const Scratch scratch;
  const auto cells = some_cells(20);
  const auto result = schedule(cells, scratch, text_work([](const Cell& cell) {
                                 if (cell.replicate == 2) throw RecordError("the disk is full");
                               }),
                               workers(1));
  CHECK(result.error == "the disk is full");
  CHECK(result.finished.size() == 2);
  CHECK_FALSE(exists(scratch.folder() / cell_path(cells[2].hash)));
}

TEST_CASE("a failure that cannot be stored ends the run") {
  const Scratch scratch;
  const auto cells = some_cells(20);
  CellWork work = text_work([](const Cell& cell) {
    if (cell.replicate == 2) throw Error("of the cell");
  });
  work.record_failure = [](const Cell&, const std::filesystem::path&, const Outcome&, double) {
    throw RecordError("the disk is full");
  };
  const auto result = schedule(cells, scratch, work, workers(1));
  CHECK(result.error == "the disk is full");
  CHECK(result.finished.size() == 2);
}

TEST_CASE("an interrupt kills what runs, keeps what is complete and starts nothing more") {
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) {
    const Scratch scratch;
    const auto cells = some_cells(20);
    const pid_t parent = getpid();
    const auto result = schedule(cells, scratch, text_work([&](const Cell& cell) {
                                   if (cell.replicate < 5) return;
                                   if (cell.replicate == 5) kill(parent, signal);
                                   sleep(60);
                                 }),
                                 workers(1));
    CHECK(result.interrupted_by == signal);
    CHECK(result.finished.size() == 5);
    for (const Cell& cell : cells)
      CHECK(exists(scratch.folder() / cell_path(cell.hash)) == (cell.replicate < 5));
  }
}

TEST_CASE("a worker does not outlive its parent, however the parent dies") {
  const Scratch scratch;
  const auto pid_file = scratch.folder() / "pid";
  const pid_t host = fork();
  if (host == 0) {
    schedule(some_cells(1), scratch, text_work([&](const Cell&) {
               write_text(pid_file, std::to_string(getpid()));
               sleep(60);
             }),
             workers(1));
    _exit(0);
  }
  for (int i = 0; i < 1000 && text_of(pid_file).empty(); ++i) sleep_ms(5);
  const std::string worker = text_of(pid_file);
  REQUIRE_FALSE(worker.empty());
  kill(host, SIGKILL);
  waitpid(host, nullptr, 0);
  std::string state = "running";
  for (int i = 0; i < 1000 && !state.empty() && state.find(") Z ") == std::string::npos; ++i) {
    sleep_ms(5);
    state = text_of("/proc/" + worker + "/stat");
  }
  CHECK((state.empty() || state.find(") Z ") != std::string::npos));
}
