#include <zlib.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "program.hpp"
#include "record/cell_writer.hpp"
#include "support/array_files.hpp"

using namespace elbow;
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

TEST_CASE("what is wrong with a file of images is said with the file, the place and both values") {
  const Workplace place;
  const auto refused = [&](const std::string& data, const std::string& text) {
    place.write("a.toml", "[[model]]\nplugin = \"vae\"\ndata = \"" + data +
                              "\"\n[[method]]\nname = \"m\"\nfamily = \"amortized_gaussian\"\n"
                              "estimator = \"amortized_elbo\"\noptimizer = \"adam\"\n");
    const Ended ended = elbow::test::elbow(place.folder(), {"run", "a.toml"});
    INFO(ended.output);
    CHECK(ended.status == 2);
    CHECK_THAT(ended.output, Contains("a.toml:3:8: model \"vae\": data: ") && Contains(text));
    CHECK_THAT(ended.output, Contains((place / data.substr(0, data.find(':'))).string()));
  };
  // Three images of 2 x 2.
  const std::vector<float> pixels = {0, 1, 0, 1, 0.5f, 0.25f, 1, 1, 0, 0, 1.5f, 0};
  const std::string npy = npy_header(npy_dictionary("<f4", "(3, 2, 2)")) + bytes_of(pixels, false);
  write_bytes(place / "images.npy", npy);
  refused("images.npy",
          "expected pixels in [0, 1], found 1.5 in image 2, pixel 2 (from 0); data is");
  write_bytes(place / "line.npy",
              npy_header(npy_dictionary("<f4", "(12,)")) + bytes_of(pixels, false));
  refused("line.npy",
          "expected images along the first of two axes or more, got one axis of 12 numbers");

  const std::string file = place / "images.gz";
  const gzFile packed = ::gzopen(file.c_str(), "wb");
  ::gzwrite(packed, npy.data(), unsigned(npy.size()));
  ::gzclose(packed);
  const auto size = std::filesystem::file_size(file);
  std::filesystem::resize_file(file, size - 9);
  refused("images.gz", "images.gz: byte " + std::to_string(size - 9) +
                           " of the compressed file: damaged gzip data: unexpected end of file");

  {
    CellWriter writer(place / "images.h5");
    const Eigen::VectorXd values = Eigen::VectorXd::Constant(12, 0.5);
    writer.coordinate({"school", {"A", "B"}});
    writer.array("data", {"line", {12}, {}, ""}, values);
    writer.array("data", {"grey", {3, 2, 2}, {}, ""}, 3 * values);
    writer.array("data", {"table", {6, 2}, {"row", "school"}, ""}, values);
    writer.outcome({Ending::budget_spent, ""});
    writer.commit();
  }
  refused(
      "images.h5",
      "expected the name of a dataset behind the file (\"images.h5:dataset\"), got none; it has ");
  refused("images.h5:data/gray",
          "expected a dataset of numbers with one axis or more, got no such dataset; it has ");
  refused("images.h5:data/school",
          "expected a dataset of numbers with one axis or more, got a dataset whose elements are "
          "no numbers");
  refused("images.h5:data/line",
          "expected images along the first of two axes or more, got one axis of 12 numbers");
  refused("images.h5:data/grey",
          "expected pixels in [0, 1], found 1.5 in image 0, pixel 0 (from 0); data is ");
  const auto bytes = std::filesystem::file_size(place / "images.h5");
  std::filesystem::resize_file(place / "images.h5", bytes / 2);
  refused("images.h5:data/grey",
          "truncated file: eof = " + std::to_string(bytes / 2) +
              ", sblock->base_addr = 0, stored_eof = " + std::to_string(bytes));
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
