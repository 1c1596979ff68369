#include "data/zip_archive.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <elbow/error.hpp>
#include <fstream>

#include "data/file_content.hpp"
#include "data/lookup.hpp"
#include "support/scratch_folder.hpp"
#include "support/zip_writer.hpp"

using namespace elbow;
using Catch::Contains;

namespace {

std::string long_text() {
  std::string text;
  for (int i = 0; i < 3000; ++i) text += std::to_string(i * i) + (i % 7 ? "," : "\n");
  return text;
}

}  // namespace

TEST_CASE("the one file of a zip archive is its content, stored or deflated") {
  for (const bool deflated : {true, false}) {
    test::ZipWriter zip;
    zip.add("folder/", "", false);
    zip.add("folder/x.json", long_text(), deflated);
    zip.add("__MACOSX/folder/._x.json", "rubbish", deflated);
    CHECK(only_file_in_zip("x.zip", zip.archive()) == long_text());
  }
  test::ZipWriter empty;
  empty.add("x.json", "");
  CHECK(only_file_in_zip("x.zip", empty.archive()).empty());
}

TEST_CASE("a zip archive of several files or none is refused") {
  test::ZipWriter zip;
  CHECK_THROWS_WITH(only_file_in_zip("x.zip", zip.archive()),
                    "x.zip: cannot be read: expected one file in the zip archive, got 0");
  zip.add("a", "1");
  zip.add("b", "2");
  CHECK_THROWS_WITH(only_file_in_zip("x.zip", zip.archive()), Contains("got 2"));
}

TEST_CASE("a zip archive that is cut off anywhere is refused with its name") {
  const std::string whole = test::zipped("x.json", long_text());
  for (std::size_t size = 4; size < whole.size(); size += 1 + size / 40) {
    CAPTURE(size);
    CHECK_THROWS_WITH(only_file_in_zip("x.zip", whole.substr(0, size)),
                      Contains("x.zip: cannot be read: "));
  }
}

TEST_CASE("a zip archive with a changed byte is refused or has the same content") {
  const std::string whole = test::zipped("x.json", long_text().substr(0, 400));
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = char(changed[at] ^ 0x55);
    CAPTURE(at);
    std::string content, refusal;
    try {
      content = only_file_in_zip("x.zip", changed);
    } catch (const Error& error) {
      refusal = error.what();
    }
    if (refusal.empty())
      CHECK(content == long_text().substr(0, 400));
    else
      CHECK_THAT(refusal, Contains("x.zip"));
  }
}

TEST_CASE("zipped files are read as if they were not zipped") {
  const ScratchFolder folder;
  std::ofstream(folder / "x.zip") << test::zipped("x.csv", "a,b\n1,2\n");
  CHECK(read_content(folder / "x.zip") == "a,b\n1,2\n");
}

TEST_CASE("a FIFO is neither waited for nor read", "[files]") {
  const ScratchFolder folder;
  REQUIRE(mkfifo((folder / "fifo").c_str(), 0600) == 0);
  CHECK_THROWS_WITH(read_content(folder / "fifo"), Contains("not a regular file"));
  CHECK_THROWS_WITH(find_data_in(folder.path(), "")({"fifo", "", ""}),
                    Contains("fifo is not a regular file"));
}
