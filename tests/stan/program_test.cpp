// Experiments with Stan programs, and the mistakes that people make in them, as a person runs them.

#include "support/program.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "support/scratch_folder.hpp"

using Catch::Matchers::Contains;
using elbow::test::ProgramRun;

namespace {

const std::string programs = ELBOW_STAN_PROGRAMS;

void write(const std::filesystem::path& file, const std::string& text) {
  std::ofstream(file) << text;
}

std::string library(const std::string& fault = "") {
  return "library = \"" + programs + "/schools" + (fault.empty() ? "" : "_" + fault) + ".so\"\n";
}
const std::string data = "data = \"schools.json\"\n";

/// A folder with an experiment on a Stan program, and its data beside it.
class Place {
 public:
  explicit Place(const std::string& model, const std::string& top = "") {
    write(folder_ / "schools.json",
          R"({"J": 8, "y": [28,8,-3,7,-1,1,18,12], "sigma": [15,10,16,11,9,11,10,18]})");
    write(folder_ / "a.toml", top + "[[model]]\nplugin = \"stan\"\n" + model +
                                  "\n[[method]]\nname = \"hmc\"\nsampler = \"hmc\"\nchains = 1\n"
                                  "warmup = 50\ndraws = 50\n");
  }
  std::filesystem::path operator/(const std::string& name) const { return folder_ / name; }
  ProgramRun elbow(const std::string& verb, const std::string& more = "") const {
    const std::string file = (folder_ / "a.toml").string();
    return elbow::test::run_program(
        verb + " " + file + (verb == "run" ? " --results " + (folder_ / "r").string() : "") + more);
  }

 private:
  ScratchFolder folder_;
};

}  // namespace

TEST_CASE("an experiment runs on a Stan program, its data beside the experiment") {
  const Place place(library() + data);
  const ProgramRun run = place.elbow("run");
  INFO(run.out << run.err);
  CHECK(run.status == 0);
  CHECK_THAT(run.out, Contains("1 budget_spent"));
}

TEST_CASE("changed data make another cell, a touched file does not") {
  const Place place(library() + data);
  REQUIRE(place.elbow("run").status == 0);
  std::filesystem::last_write_time(place / "schools.json",
                                   std::filesystem::file_time_type::clock::now());
  CHECK_THAT(place.elbow("run").err, Contains("1 cached, 0 to run"));
  write(place / "schools.json", R"({"J": 2, "y": [28, 8], "sigma": [15, 10]})");
  CHECK_THAT(place.elbow("run").err, Contains("0 cached, 1 to run"));
}

TEST_CASE("points that a Stan program rejects are counted") {
  const Place place(library("rejects_sometimes") + data);
  REQUIRE(place.elbow("run").status == 0);
  const ProgramRun compare =
      elbow::test::run_program("compare " + (place / "r/a").string() + " --metric rejections");
  INFO(compare.out << compare.err);
  CHECK(compare.status == 0);
  CHECK_THAT(compare.out, Contains("rejections"));
}

TEST_CASE("a Stan program's own output stays out of what the program prints") {
  const Place place(library("prints") + data);
  const ProgramRun run = place.elbow("run");
  INFO(run.out << run.err);
  CHECK(run.status == 0);
  CHECK(run.out.find("a line that the program prints") == std::string::npos);
  const ProgramRun plan = place.elbow("plan", " --format json");
  CHECK(nlohmann::json::parse(plan.out)["cells"].size() == 1);
}

TEST_CASE("a Stan program that crashes ends its own cell, and its log has what it printed") {
  const Place place(library("crashes") + data);
  const ProgramRun run = place.elbow("run");
  INFO(run.out << run.err);
  CHECK(run.status == 1);
  CHECK_THAT(run.out, Contains("1 crashed") && Contains("SIGSEGV"));
}

TEST_CASE("plan notes a model that crashes or takes too long when it is made") {
  const ProgramRun crash = Place(library("crashes_at_construction") + data).elbow("plan");
  INFO(crash.err);
  CHECK(crash.status == 0);
  CHECK_THAT(crash.err, Contains("a.toml:1:1: note: model \"stan\": making it crashed (SIGSEGV)"));
  const ProgramRun slow = Place(library("slow_construction") + data).elbow("plan");
  INFO(slow.err);
  CHECK(slow.status == 0);
  CHECK_THAT(slow.err, Contains("note: model \"stan\": could not be made within the 3"));
}

TEST_CASE("what a Stan program has against its data is said at the line of the data") {
  const auto complaint = [](const std::string& content) {
    const Place place(library() + data);
    write(place / "schools.json", content);
    const ProgramRun plan = place.elbow("plan");
    CHECK(plan.status == 2);
    CHECK_THAT(plan.err, Contains("a.toml:4:8: model \"stan\":") && Contains("schools.json"));
    return plan.err;
  };
  CHECK_THAT(complaint("not JSON"), Contains("Error in JSON parsing"));
  CHECK_THAT(complaint(R"({"K": 8})"), Contains("variable name=J"));
  CHECK_THAT(complaint(R"({"J": 8, "y": [1]})"), Contains("variable name=y"));
}

TEST_CASE("files that cannot be used are named with the reason") {
  const auto complaint = [](const std::string& model, auto prepare) {
    const Place place(model);
    prepare(place);
    const ProgramRun plan = place.elbow("plan");
    CHECK(plan.status == 2);
    return plan.err;
  };
  const auto nothing = [](const Place&) {};
  CHECK_THAT(complaint("library = \"missing.so\"\n" + data, nothing),
             Contains("a.toml:3:11: model \"stan\": library:") && Contains("missing.so") &&
                 Contains("was not found next to the experiment file"));
  CHECK_THAT(complaint(library() + "data = \"schols.json\"\n", nothing),
             Contains("a.toml:4:8:") && Contains("schols.json"));
  CHECK_THAT(complaint(library() + "data = \"folder.json\"\n",
                       [](const Place& place) {
                         std::filesystem::create_directory(place / "folder.json");
                       }),
             Contains("folder.json is a folder"));
  CHECK_THAT(complaint(library() + "data = \"pipe.json\"\n",
                       [](const Place& place) { mkfifo((place / "pipe.json").c_str(), 0600); }),
             Contains("pipe.json is not a regular file"));
  CHECK_THAT(complaint(library() + "data = \"/dev/zero\"\n", nothing),
             Contains("/dev/zero is not a regular file"));
  CHECK_THAT(complaint("library = \"schools.json\"\n" + data, nothing),
             Contains("a.toml:3:11: model \"stan\":") && Contains("schools.json"));
}

TEST_CASE("check runs the conformance suite on a Stan program") {
  const auto check = [](const std::string& fault) {
    return elbow::test::run_program("check model/stan --set 'library=\"" + programs + "/schools" +
                                    fault + ".so\"' --set 'data=\"" + programs +
                                    "/schools.json\"'");
  };
  const ProgramRun good = check("");
  INFO(good.out << good.err);
  CHECK(good.status == 0);
  const ProgramRun wrong = check("_wrong_gradient");
  INFO(wrong.out << wrong.err);
  CHECK(wrong.status == 1);
  CHECK_THAT(wrong.out, Contains("gradient"));
}
