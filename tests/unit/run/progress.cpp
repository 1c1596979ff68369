#include "run/progress.hpp"

#include <catch2/catch.hpp>

using namespace elbow;

TEST_CASE("durations are in the units that people use") {
  CHECK(duration_text(0.04) == "0.0 s");
  CHECK(duration_text(9.94) == "9.9 s");
  CHECK(duration_text(9.96) == "10 s");
  CHECK(duration_text(59.7) == "1 min 0 s");
  CHECK(duration_text(200) == "3 min 20 s");
  CHECK(duration_text(7500) == "2 h 5 min");
}

TEST_CASE("the progress line has every count, the rate and the time left") {
  CHECK(progress_line({100, 20, 3, 2}, 50, 10) ==
        "20 of 100 done, 50 cached, 2 running, 3 failed, 2.0 cells/s, 40 s left");
  CHECK(progress_line({4, 1, 0, 2}, 0, 120) ==
        "1 of 4 done, 2 running, 0 failed, 2 min 0 s per cell, 6 min 0 s left");
}

TEST_CASE("before the first cell has ended nothing is guessed") {
  CHECK(progress_line({4, 0, 0, 2}, 0, 7) == "0 of 4 done, 2 running, 0 failed");
}

TEST_CASE(
    "a log of a fast run of many cells gets at most one line per second, and the last state") {
  PlainProgress progress;
  int lines = 0;
  for (std::size_t done = 1; done <= 10000; ++done)
    lines += progress.worth_a_line({10000, done, 0, 2}, double(done) / 2000);
  CHECK(lines >= 5);
  CHECK(lines <= 6);
}

TEST_CASE("a log of a slow run gets at most one line per 5%, and one per minute") {
  PlainProgress progress;
  int lines = 0;
  for (std::size_t done = 1; done <= 1000; ++done)
    lines += progress.worth_a_line({1000, done, 0, 2}, double(done));
  CHECK(lines == 20);
  lines = 0;
  PlainProgress slow;
  for (std::size_t done = 1; done <= 100; ++done)
    lines += slow.worth_a_line({1000, done, 0, 2}, 61.0 * double(done));
  CHECK(lines == 100);
}
