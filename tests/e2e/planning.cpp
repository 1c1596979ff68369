#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "program.hpp"
#include "support/array_files.hpp"

using namespace elbow::test;
using Catch::Matchers::Contains;

TEST_CASE("plan prints every cell of an experiment and runs nothing") {
  const Workplace place;
  place.write("a.toml", experiment(3));
  const Ended text = elbow::test::elbow(place.folder(), {"plan", "a.toml"});
  INFO(text.output);
  CHECK(text.status == 0);
  CHECK_THAT(text.output, Contains("a.toml: 3 cells of 1 model, 1 method and 3 replicates"));
  const Ended json = elbow::test::elbow(
      place.folder(), {"plan", "a.toml", "--format", "json", "--set", "repeats=2"});
  INFO(json.output);
  CHECK(nlohmann::json::parse(json.output)["cells"].size() == 2);
  CHECK(!std::filesystem::exists(place / "results"));
}

TEST_CASE("plan reports all problems of a file with their places and exits with 2") {
  const Workplace place;
  place.write("bad.toml",
              "sead = 3\n[[model]]\nplugin = \"isotropc\"\n[[method]]\nname = \"m\"\nsampler = "
              "{ plugin = \"moody\", mod = 3 }\n");
  const Ended plan = elbow::test::elbow(place.folder(), {"plan", "bad.toml"});
  INFO(plan.output);
  CHECK(plan.status == 2);
  CHECK_THAT(plan.output, Contains("bad.toml:1:1: an experiment has no key \"sead\"; did you mean "
                                   "\"seed\"?"));
  CHECK_THAT(plan.output, Contains("bad.toml:3:10: there is no model \"isotropc\"; did you mean "
                                   "\"isotropic\"?"));
  CHECK_THAT(plan.output,
             Contains("bad.toml:6:31: sampler \"moody\" has no option \"mod\"; did you "
                      "mean \"mood\"?"));
}

TEST_CASE("plan says which file it cannot read, and why") {
  const Workplace place;
  for (const auto& [file, reason] :
       {std::pair{"none.toml", "No such file"}, std::pair{".", "it is a folder"}}) {
    const Ended plan = elbow::test::elbow(place.folder(), {"plan", file});
    CHECK(plan.status == 2);
    CHECK_THAT(plan.output, Contains(file) && Contains(reason));
  }
}

TEST_CASE(
    "a file of images becomes a model's data, and a damaged one is named with line and byte") {
  const Workplace place;
  const std::string images = idx<std::uint8_t>(0x08, {2, 1, 3}, {1, 2, 3, 4, 5, 6});
  write_bytes(place / "images.idx", images);
  place.write("a.toml", experiment(1, "", "", "images = \"images.idx\"\n"));
  const Ended good = elbow::test::elbow(place.folder(), {"plan", "a.toml"});
  INFO(good.output);
  CHECK(good.status == 0);

  write_bytes(place / "images.idx", images.substr(0, 20));
  const Ended bad = elbow::test::elbow(place.folder(), {"plan", "a.toml"});
  INFO(bad.output);
  CHECK(bad.status == 2);
  CHECK_THAT(bad.output,
             Contains("a.toml:") && Contains(":10: model \"isotropic\": images: ") &&
                 Contains("images.idx: byte 20: expected 2 x 1 x 3 numbers of 1 bytes, 6 bytes in "
                          "all, got the end of the file after 4"));
}

TEST_CASE("images changed on disk make another cell") {
  const Workplace place;
  place.write("a.toml", experiment(1, "", "", "images = \"images.idx\"\n"));
  const auto hash = [&](std::uint8_t pixel) {
    write_bytes(place / "images.idx", idx<std::uint8_t>(0x08, {1, 2}, {pixel, 0}));
    const Ended plan = elbow::test::elbow(place.folder(), {"plan", "a.toml", "--format", "json"});
    INFO(plan.output);
    return nlohmann::json::parse(plan.output)["cells"].dump();
  };
  CHECK(hash(1) != hash(2));
  CHECK(hash(1) == hash(1));
}
