#include "data/digest.hpp"

#include <catch2/catch.hpp>
#include <elbow/error.hpp>
#include <filesystem>
#include <fstream>

#include "support/scratch_folder.hpp"

using namespace elbow;
namespace fs = std::filesystem;

// The examples of FIPS 180-2, appendix B.
TEST_CASE("the SHA-256 of a text is that of FIPS 180-2") {
  CHECK(sha256_of_text("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256_of_text("abc") ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256_of_text(std::string(1000000, 'a')) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("the SHA-256 of a file larger than a block is that of its content") {
  const ScratchFolder folder;
  const fs::path file = folder / "large";
  const std::string content(3'000'001, 'x');
  std::ofstream(file, std::ios::binary) << content;
  CHECK(sha256_of_file(file) == sha256_of_text(content));
}

TEST_CASE("digesting a missing file or a folder says which and why") {
  CHECK_THROWS_WITH(sha256_of_file("/nonexistent/x.csv"),
                    Catch::Contains("/nonexistent/x.csv") && Catch::Contains("No such file"));
  CHECK_THROWS_WITH(sha256_of_file(fs::temp_directory_path()), Catch::Contains("Is a directory"));
}
