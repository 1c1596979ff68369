#include "data/text_table.hpp"

#include <zlib.h>

#include <catch2/catch.hpp>
#include <elbow/error.hpp>
#include <fstream>

#include "support/scratch_folder.hpp"

using namespace elbow;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;

namespace {

Table read_as(const std::string& content) {
  const ScratchFolder folder;
  std::ofstream(folder / "t.csv", std::ios::binary) << content;
  return read_text_table(folder / "t.csv");
}

/// The text of the error without the folder: "t.csv:2:3: ...".
std::string error_of(const std::string& content) {
  try {
    read_as(content);
  } catch (const Error& error) {
    const std::string text = error.what();
    return text.substr(text.find("t.csv"));
  }
  return "no error";
}

Eigen::MatrixXd two_by_three() {
  Eigen::MatrixXd expected(2, 3);
  expected << 1, 2.5, -3e-4, 4, 5, 6;
  return expected;
}

}  // namespace

TEST_CASE("A table reads the same with every separator, line end and quoting") {
  const std::string with =
      GENERATE("1,2.5,-3e-4\n4,5,6\n", "1;2.5;-3e-4\n4;5;6\n", "1\t2.5\t-3e-4\n4\t5\t6\n",
               "1 2.5 -3e-4\n4 5 6\n", "   1   2.5  -3e-4 \n   4 5\t6   \n",
               "1,2.5,-3e-4\r\n4,5,6\r\n", "1,2.5,-3e-4\n4,5,6",
               "\xef\xbb\xbf"
               "1,2.5,-3e-4\n4,5,6\n",
               "# remark\n\n1, 2.5 ,-3e-4\n  \n4,5,6\n\n", "1,\"2.5\",-3e-4\n\"4\",5,6\n",
               "+1,+2.5,-0.0003\n4.,5e0,06\n");
  const Table table = read_as(with);
  CHECK(table.values == two_by_three());
  CHECK(table.columns == std::vector<std::string>{"1", "2", "3"});
}

TEST_CASE("A first line of names is a header, whether quoted or not") {
  const std::string header =
      GENERATE("x,\"a, b\",y\n", "\"x\";\"a, b\";\"y\"\n", "\"x\"\t\"a, b\"\t\"y\"\r\n");
  const char separator = header.find(';') != std::string::npos    ? ';'
                         : header.find('\t') != std::string::npos ? '\t'
                                                                  : ',';
  std::string rows = "1,2.5,-3e-4\n4,5,6\n";
  std::replace(rows.begin(), rows.end(), ',', separator);
  const Table table = read_as(header + rows);
  CHECK(table.columns == std::vector<std::string>{"x", "a, b", "y"});
  CHECK(table.values == two_by_three());
}

TEST_CASE("A header of quoted numbers is a header, and a column without a name has its number") {
  CHECK(read_as("\"1990\",\"1991\"\n1,2\n").columns == std::vector<std::string>{"1990", "1991"});
  CHECK(read_as("\"\",\"a\"\n1,2\n").columns == std::vector<std::string>{"1", "a"});
}

TEST_CASE("One column needs no separator") {
  const Table table = read_as("y\n1\n2\n\n3\n");
  CHECK(table.columns == std::vector<std::string>{"y"});
  CHECK(table.values == Eigen::Vector3d(1, 2, 3));
}

TEST_CASE("A missing value is named with its line, column and text") {
  CHECK(error_of("a,b\n1,2\n3,NA\n") ==
        "t.csv:3:3: expected a number, got a missing value: \"NA\"");
  CHECK(error_of("1,2\n3,\n") == "t.csv:2:3: expected a number, got a missing value: \"\"");
  CHECK(error_of("1,,2\n") == "t.csv:1:3: expected a number, got a missing value: \"\"");
  CHECK(error_of("1,2\nnan,3\n") == "t.csv:2:1: expected a number, got a missing value: \"nan\"");
  CHECK(error_of("1;2\n3;?\n") == "t.csv:2:3: expected a number, got a missing value: \"?\"");
}

TEST_CASE("What is not a finite number is named with its line, column and text") {
  CHECK(error_of("1,2\n3,4x\n") == "t.csv:2:3: expected a finite number, got \"4x\"");
  CHECK(error_of("1 2\n3 inf\n") == "t.csv:2:3: expected a finite number, got \"inf\"");
  CHECK(error_of("1 2\n3 1e999\n") == "t.csv:2:3: expected a finite number, got \"1e999\"");
  CHECK(error_of("1;2\n3;4,5\n") == "t.csv:2:3: expected a finite number, got \"4,5\"");
  CHECK(error_of("1,x\n2,3\n") == "t.csv:1:3: expected a finite number, got \"x\"");
  CHECK(error_of(std::string("1,2\n3,\0\n", 8)) ==
        "t.csv:2:3: expected a finite number, got \"\\x00\"");
  CHECK(error_of("1,2\n3," + std::string(100, 'z') + "\n") ==
        "t.csv:2:3: expected a finite number, got \"" + std::string(40, 'z') + "...\"");
}

TEST_CASE("Numbers too small for a double round to zero, denormal ones are kept") {
  CHECK(read_as("1e-400 1e-310\n").values == Eigen::RowVector2d(0, 1e-310));
}

TEST_CASE("A line of another length is named with both lengths") {
  CHECK(error_of("1,2,3\n4,5\n") == "t.csv:2:1: expected 3 fields as in line 1, got 2");
  CHECK(error_of("\n1 2\n\n4 5 6\n") == "t.csv:4:1: expected 2 fields as in line 2, got 3");
}

TEST_CASE("Damaged texts are refused with the reason") {
  CHECK_THAT(error_of(""), EndsWith("expected a table of numbers, got an empty file"));
  CHECK_THAT(error_of("\n  \n"), EndsWith("got an empty file"));
  CHECK_THAT(error_of("a,b\n"), EndsWith("after the header in line 1, got none"));
  CHECK_THAT(error_of("a,a\n1,2\n"), EndsWith("two columns have the name \"a\""));
  CHECK_THAT(error_of("\xff\xfe"
                      "1"),
             EndsWith("expected text in UTF-8, got UTF-16"));
  CHECK(error_of("1,\"2\n") == "t.csv:1:3: the quoted field does not end");
  CHECK(error_of("1,\"2\"3\n") ==
        "t.csv:1:6: expected \",\" or the end of the line after a quoted field");
  CHECK_THAT(error_of("1,2\r3,4\r"), StartsWith("t.csv:1:"));
}

TEST_CASE("A missing file and a folder are named with the system's reason") {
  const ScratchFolder folder;
  CHECK_THROWS_WITH(read_text_table(folder / "none.csv"),
                    EndsWith("none.csv: cannot be read: No such file or directory"));
  CHECK_THROWS_WITH(read_text_table(folder.path()), EndsWith("cannot be read: Is a directory"));
}

TEST_CASE("A compressed table reads as the plain one, and a truncated one is refused") {
  const ScratchFolder folder;
  std::string text = "a b\n";
  for (int i = 0; i < 5000; ++i) text += std::to_string(i) + " " + std::to_string(i * i) + "\n";
  const std::string file = (folder / "t.csv.gz").string();
  const gzFile stream = gzopen(file.c_str(), "wb");
  REQUIRE(gzwrite(stream, text.data(), static_cast<unsigned>(text.size())) > 0);
  REQUIRE(gzclose(stream) == Z_OK);
  const Table table = read_text_table(file);
  REQUIRE(table.values.rows() == 5000);
  CHECK(table.values(4999, 1) == 4999. * 4999.);
  std::filesystem::resize_file(file, std::filesystem::file_size(file) / 2);
  CHECK_THROWS_WITH(read_text_table(file), Catch::Matchers::Contains("damaged gzip data"));
}

TEST_CASE("Every row of a long table is in its place") {
  std::string text;
  for (int i = 0; i < 1000; ++i)
    text += std::to_string(i) + "," + std::to_string(-i) + ".25," + std::to_string(2 * i) + "\n";
  const Table table = read_as(text);
  REQUIRE(table.values.rows() == 1000);
  for (int i = 1; i < 1000; ++i)
    CHECK(table.values.row(i) == Eigen::RowVector3d(i, -i - 0.25, 2 * i));
}
