#include "config/nearest.hpp"

#include <catch2/catch.hpp>

using namespace elbow;

TEST_CASE("the edit distance counts insertions, deletions, substitutions and swaps of neighbours") {
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("abc", "") == 3);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("ab", "ba") == 1);
  CHECK(edit_distance("adam", "adma") == 1);
  // No place is edited twice: with swaps of what is no longer neighbouring it would be 2.
  CHECK(edit_distance("ca", "abc") == 3);
}

TEST_CASE("the edit distance is symmetric and zero for equal words alone") {
  const char* words[] = {"", "adam", "sgd", "dimension", "dimensions"};
  for (const char* a : words)
    for (const char* b : words) {
      CHECK(edit_distance(a, b) == edit_distance(b, a));
      CHECK((edit_distance(a, b) == 0) == (std::string(a) == b));
    }
}

TEST_CASE("a name is suggested when it is near, and all names are listed when none is") {
  CHECK(nearest_name("lerning_rate", {"beta1", "learning_rate"}) == "learning_rate");
  CHECK(nearest_name("x", {"y"}).empty());
  CHECK(suggestion("foo", {"adam", "sgd"}) == "; there are adam, sgd");
  CHECK(suggestion("foo", {}).empty());
}
