#include "unit/plugins/poison.hpp"

using namespace elbow;
using namespace elbow::test;
using Catch::Contains;
using Catch::StartsWith;

// That these tests report at all shows that the host lives.

TEST_CASE("a plugin that aborts while loading is refused with the signal and its last output") {
  const std::string reason = refusal_of("aborts_at_load");
  CHECK_THAT(reason, StartsWith("crashed (SIGABRT) while loading"));
  CHECK_THAT(reason, Contains("first line\n    second line: the licence has expired"));
}

TEST_CASE("a plugin that crashes while loading is refused with the signal") {
  CHECK_THAT(refusal_of("segfaults_at_load"), StartsWith("crashed (SIGSEGV) while loading"));
  CHECK_THAT(refusal_of("segfaults_in_options"), StartsWith("crashed (SIGSEGV) while loading"));
}

TEST_CASE("a plugin that exits while loading is refused with its status") {
  CHECK_THAT(refusal_of("exits_at_load"),
             StartsWith("ended the process (exit status 7) while loading"));
  CHECK_THAT(refusal_of("exits_quietly_at_load"),
             StartsWith("ended the process (exit status 0) while loading"));
}

TEST_CASE("a plugin that hangs while loading is refused at the deadline") {
  ScanSettings settings;
  settings.deadline = std::chrono::milliseconds(200);
  CHECK_THAT(refusal_in(poison("hangs_at_load"), settings), StartsWith("had not loaded after 0.2"));
}

TEST_CASE("what a plugin throws while loading is in its refusal") {
  CHECK_THAT(refusal_of("throws_at_load"), Contains("thrown by a static constructor"));
  CHECK_THAT(refusal_of("throws_in_options"), StartsWith("threw while loading: no options today"));
}

TEST_CASE("a plugin with an undefined symbol is refused, naming the symbol") {
  CHECK_THAT(refusal_of("undefined_symbol"), Contains("missing_function"));
}

TEST_CASE("a plugin that prints while loading is usable and its output goes nowhere") {
  const Catalog catalog = scan_plugins({poison("prints_at_load")});
  CHECK(catalog.find(Kind::model, "prints_at_load"));
  CHECK(catalog.refusals.empty());
}

TEST_CASE("bad plugins do not keep a scan from describing the good ones") {
  ScanSettings settings;
  settings.deadline = std::chrono::milliseconds(500);
  const Catalog catalog =
      scan_plugins({poison("aborts_at_load"), ELBOW_PLUGINS, poison("hangs_at_load"),
                    poison("newer_abi"), poison("prints_at_load"), poison("exits_at_load")},
                   settings);
  CHECK(catalog.find(Kind::family, "gaussian_mean_field"));
  CHECK(catalog.find(Kind::model, "prints_at_load"));
  for (const char* bad : {"aborts_at_load", "hangs_at_load", "newer_abi", "exits_at_load"}) {
    INFO(bad);
    CHECK_FALSE(catalog.find(Kind::model, bad));
    CHECK(catalog.refusal(Kind::model, bad));
  }
}

TEST_CASE("a scan for given names opens no other file") {
  const std::vector<std::filesystem::path> folders = {ELBOW_PLUGINS, poison("aborts_at_load"),
                                                      poison("prints_at_load")};
  const Catalog catalog = scan_plugins(folders, {{Kind::model, "prints_at_load"}});
  CHECK(catalog.plugins.size() == 1);
  CHECK(catalog.find(Kind::model, "prints_at_load"));
  CHECK(catalog.refusals.empty());
}

TEST_CASE("two plugins of one kind and name are refused, each naming both files") {
  const Catalog catalog = scan_plugins({poison("twin_a"), poison("twin_b")});
  CHECK_FALSE(catalog.find(Kind::model, "twin"));
  REQUIRE(catalog.refusals.size() == 2);
  for (const PluginRefusal& refused : catalog.refusals) {
    CHECK_THAT(refused.reason, Contains((poison("twin_a") / "models/twin.so").string()));
    CHECK_THAT(refused.reason, Contains((poison("twin_b") / "models/twin.so").string()));
  }
}

TEST_CASE("a folder that is listed twice, or linked, holds its plugins once") {
  const Catalog catalog = scan_plugins({poison("twin_a"), poison("twin_b") / "../twin_a"});
  CHECK(catalog.find(Kind::model, "twin"));
  CHECK(catalog.refusals.empty());
}
