#include "data/lookup.hpp"

#include <catch2/catch.hpp>
#include <elbow/error.hpp>
#include <fstream>

#include "data/digest.hpp"
#include "support/scratch_folder.hpp"

using namespace elbow;
namespace fs = std::filesystem;

namespace {

/// An experiment's folder and two of ELBOW_DATA.
struct Folders {
  ScratchFolder root;
  fs::path home = root / "experiment", first = root / "first", second = root / "second";
  Folders() {
    for (const fs::path& folder : {home, first, second}) fs::create_directories(folder);
  }
  std::string variable() const { return first.string() + ":" + second.string(); }
  static void write(const fs::path& file, const std::string& text) { std::ofstream(file) << text; }
};

}  // namespace

TEST_CASE("data next to the experiment file come before those of ELBOW_DATA, in its order") {
  Folders folders;
  folders.write(folders.second / "x.csv", "second");
  const auto find = [&] {
    return find_data_in(folders.home, folders.variable())({"x.csv", "", ""});
  };
  CHECK(find().path == folders.second / "x.csv");
  folders.write(folders.first / "x.csv", "first");
  CHECK(find().path == folders.first / "x.csv");
  folders.write(folders.home / "x.csv", "home");
  CHECK(find().path == folders.home / "x.csv");
  CHECK(find().sha256 == sha256_of_text("home"));
}

TEST_CASE("the error of missing data names both places, the URL and the digest") {
  Folders folders;
  const auto find = find_data_in(folders.home, folders.variable());
  using Catch::Contains;
  CHECK_THROWS_WITH(find({"german.data", "abc123", "https://example.org/german"}),
                    Contains("\"german.data\"") && Contains(folders.home.string()) &&
                        Contains(folders.first.string()) && Contains(folders.second.string()) &&
                        Contains("https://example.org/german") && Contains("abc123"));
  CHECK_THROWS_WITH(find_data_in(folders.home, "")({"x", "", ""}),
                    Contains("$ELBOW_DATA (not set)"));
}

TEST_CASE("a digest other than the expected one is an error that names both") {
  Folders folders;
  folders.write(folders.home / "x.csv", "abc");
  const auto find = find_data_in(folders.home, "");
  const std::string digest = sha256_of_text("abc");
  const std::string other = sha256_of_text("abd");
  CHECK(find({"x.csv", digest, ""}).sha256 == digest);
  CHECK_THROWS_WITH(find({"x.csv", other, ""}), Catch::Contains(digest) && Catch::Contains(other));
}

TEST_CASE("a digest may be written in upper case") {
  Folders folders;
  folders.write(folders.home / "x.csv", "abc");
  std::string digest = sha256_of_text("abc");
  for (char& c : digest) c = char(std::toupper(c));
  CHECK_NOTHROW(find_data_in(folders.home, "")({"x.csv", digest, ""}));
}

TEST_CASE("a folder with the name of the data is passed over") {
  Folders folders;
  fs::create_directories(folders.home / "x.csv");
  folders.write(folders.first / "x.csv", "first");
  CHECK(find_data_in(folders.home, folders.variable())({"x.csv", "", ""}).path ==
        folders.first / "x.csv");
}
