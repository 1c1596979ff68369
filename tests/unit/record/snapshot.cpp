#include "record/snapshot.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <elbow/error.hpp>
#include <fstream>

#include "record/cell_writer.hpp"
#include "record/first_difference.hpp"
#include "support/scratch_folder.hpp"

using namespace elbow;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace snapshot_tests {

struct Parts {
  double number = 0.1;
  bool flag = true;
  Eigen::MatrixXd block = Eigen::MatrixXd::Constant(300, 700, -2.5);
  std::vector<Gradient> list;

  void state(StateArchive& archive) { archive(number, flag, block, list); }
};

fs::path write(const ScratchFolder& folder, Parts parts = {}) {
  const fs::path file = folder.path() / "a.snapshot";
  SnapshotWriter writer(file, {"0a1b", "build", 42});
  writer(parts);
  writer.publish();
  return file;
}

std::string reading(const fs::path& file) {
  try {
    SnapshotReader reader(file);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST_CASE("a snapshot gives back the bits that were put into it, and says whose they are") {
  const ScratchFolder folder;
  Parameters layout;
  layout.add("wide", 3);
  layout.add_f32("narrow", 5);
  Parts parts;
  parts.number = 1.0 / 3;
  parts.block(299, 699) = std::numeric_limits<double>::quiet_NaN();
  parts.list.emplace_back(layout);
  parts.list[0].f32()[4] = 0.7f;
  SnapshotReader reader(write(folder, parts));
  CHECK(reader.header().hash == "0a1b");
  CHECK(reader.header().build == "build");
  CHECK(reader.header().iteration == 42);
  Parts back;
  back.number = 0;
  back.flag = false;
  back.block.setZero();
  back.list.emplace_back(layout);
  reader(back);
  reader.require_end();
  CHECK(back.number == parts.number);
  CHECK(back.flag);
  CHECK(std::isnan(back.block(299, 699)));
  CHECK(back.block(0, 699) == -2.5);
  CHECK(back.list[0].f32()[4] == 0.7f);
}

TEST_CASE("a snapshot that was cut off, changed or never written is refused by name") {
  const ScratchFolder folder;
  const fs::path file = write(folder);
  CHECK(reading(file) == "");
  const auto size = fs::file_size(file);
  {
    std::fstream change(file, std::ios::in | std::ios::out | std::ios::binary);
    change.seekp(std::streamoff(size / 2));
    change.put('x');
  }
  CHECK(reading(file) == file.string() + ": is no whole snapshot");
  fs::resize_file(write(folder), size - 1);
  CHECK(reading(file) == file.string() + ": is no whole snapshot");
  fs::resize_file(file, 3);
  CHECK(reading(file) == file.string() + ": is no whole snapshot");
  CHECK_THAT(reading(folder.path() / "b.snapshot"), Contains("b.snapshot: cannot be read"));
}

TEST_CASE("a state of another size than the snapshot's is an error") {
  const ScratchFolder folder;
  SnapshotReader longer(write(folder)), shorter(write(folder));
  Parts parts;
  longer(parts);
  CHECK_THROWS_WITH(longer(parts), Contains("holds less than the fit's state"));
  double first = 0;
  shorter(first);
  CHECK_THROWS_WITH(shorter.require_end(), Contains("holds more than the fit's state"));
}

TEST_CASE("a snapshot that is not published leaves an older one alone") {
  const ScratchFolder folder;
  const fs::path file = write(folder);
  {
    SnapshotWriter abandoned(file, {"0a1b", "build", 43});
    Parts parts;
    abandoned(parts);
  }
  CHECK(SnapshotReader(file).header().iteration == 42);
  CHECK(std::distance(fs::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("rows that were saved go on in another file as if it were the first") {
  const ScratchFolder folder;
  const auto open = [](CellWriter& writer) -> std::pair<RowStream*, RowStream*> {
    return {&writer.rows("vi_trace", "iteration", {{"objective", "", ""}, {"norm", "", ""}}),
            &writer.rows("timing", "iteration", {{"seconds", "", "s"}})};
  };
  const auto append = [](const std::pair<RowStream*, RowStream*>& tables, int from, int to) {
    for (int i = from; i < to; ++i) {
      tables.first->append(i, Eigen::Vector2d(std::sin(i), i % 7));
      if (i % 1000 == 0) tables.second->append(i, Eigen::VectorXd::Constant(1, 0.1 * i));
    }
  };
  constexpr int rows = 60'000;
  for (const int saved_after : {0, 1, 16384, 40'000}) {
    const fs::path one = folder.path() / "one.h5", two = folder.path() / "two.h5";
    CellWriter first(one), second(two);
    const auto tables = open(first);
    append(tables, 0, saved_after);
    SnapshotWriter snapshot(folder.path() / "rows.snapshot", {});
    first.rows_state(snapshot);
    snapshot.publish();
    append(tables, saved_after, rows);
    first.commit();

    const auto more = open(second);
    SnapshotReader reader(folder.path() / "rows.snapshot");
    second.rows_state(reader);
    reader.require_end();
    append(more, saved_after, rows);
    second.commit();
    CHECK(first_difference(one, two).value_or("") == "");
  }
}

}  // namespace snapshot_tests
