// Compiling on demand. A folder with a Makefile stands in for a checkout of BridgeStan: it
// "compiles" by copying the library of eight schools, counts what it does, and refuses a text with
// an error.

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <elbow/error.hpp>
#include <fstream>
#include <iterator>

#include "stan/program_text.hpp"
#include "stan/stan_compiler.hpp"
#include "support/program.hpp"
#include "support/scratch_folder.hpp"

using namespace elbow;
using Catch::Matchers::Contains;
using elbow::test::ProgramRun;

namespace {

const std::string programs = ELBOW_STAN_PROGRAMS;

void write(const std::filesystem::path& file, const std::string& text) {
  std::ofstream(file) << text;
}

std::string read(const std::filesystem::path& file) {
  std::ifstream in(file);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

/// A checkout, a program `m.stan` with data, and a cache.
class Workshop {
 public:
  explicit Workshop(const std::string& version = "2 7") {
    std::filesystem::create_directories(folder_ / "bridgestan/src");
    write(folder_ / "bridgestan/src/bridgestan.h", "");
    write(folder_ / "bridgestan/src/version.hpp",
          "#define BRIDGESTAN_MAJOR " + version.substr(0, 1) + "\n#define BRIDGESTAN_MINOR " +
              version.substr(2) + "\n#define BRIDGESTAN_PATCH 0\n");
    write(folder_ / "bridgestan/Makefile",
          "-include make/local\n"
          "compile_info: ; @echo $(FLAGS)\n"
          "print-CXX: ; @echo CXX = echo\n"
          "%_model.so: %.stan\n"
          "\t@echo made >> log\n"
          "\t@if grep -n mistake $<; then echo \"Syntax error in '$<'\" >&2; exit 1; fi\n"
          "\tsleep 0.2; cp " +
              programs + "/schools.so $@\n");
    write(folder_ / "m.stan", "parameters { real mu; }\n");
    write(folder_ / "schools.json", read(programs + "/schools.json"));
  }
  std::filesystem::path operator/(const std::string& name) const { return folder_ / name; }

  StanCompiler compiler(StanCompiler::Tell tell = {}) const {
    return StanCompiler(folder_ / "bridgestan", folder_ / "cache", std::move(tell));
  }
  StanLibrary compile() const { return compiler().compile(folder_ / "m.stan"); }
  /// How often a compiler was started.
  std::size_t compilations() const { return read(folder_ / "bridgestan/log").size() / 5; }

 private:
  ScratchFolder folder_;
};

template <class Call>
std::string message(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("a program is compiled once, and again when anything that it is made of has changed") {
  const Workshop shop;
  const StanLibrary first = shop.compile();
  CHECK(std::filesystem::is_regular_file(first.file));
  CHECK(shop.compile().file == first.file);
  CHECK(shop.compilations() == 1);

  write(shop / "m.stan", "parameters { real nu; }\n");
  CHECK(shop.compile().key != first.key);
  std::filesystem::create_directory(shop / "bridgestan/make");
  write(shop / "bridgestan/make/local", "FLAGS = -O3\n");
  CHECK(shop.compile().file != first.file);
  CHECK(shop.compilations() == 3);
  write(shop / "bridgestan/src/version.hpp",
        "#define BRIDGESTAN_MAJOR 2\n#define BRIDGESTAN_MINOR 6\n#define BRIDGESTAN_PATCH 0\n");
  shop.compile();
  CHECK(shop.compilations() == 4);
}

TEST_CASE("included files are part of a program") {
  const Workshop shop;
  write(shop / "m.stan", "functions {\n#include f.stan\n}\n  #include <g.stan>\nmodel { }\n");
  write(shop / "f.stan", "real f(real x) { return x; }\n");
  write(shop / "g.stan", "// nothing\n");
  CHECK(stan_program_text(shop / "m.stan") ==
        "functions {\nreal f(real x) { return x; }\n\n}\n// nothing\n\nmodel { }\n");
  const StanLibrary first = shop.compile();
  write(shop / "f.stan", "real f(real x) { return 2 * x; }\n");
  CHECK(shop.compile().key != first.key);
  write(shop / "g.stan", "#include \"g.stan\"\n");
  CHECK_THAT(message([&] { shop.compile(); }), Contains("g.stan: is included by itself"));
  write(shop / "g.stan", "#include none.stan\n");
  CHECK_THAT(message([&] { shop.compile(); }), Contains("none.stan") && Contains("No such file"));
}

TEST_CASE("what the compiler prints about a program is the error, with the program's own name") {
  const Workshop shop;
  write(shop / "m.stan", "a mistake\n");
  StanCompiler compiler = shop.compiler();
  const std::string text = message([&] { compiler.compile(shop / "m.stan"); });
  CHECK_THAT(text, Contains("BridgeStan 2.7.0 cannot make a library of it") &&
                       Contains("1:a mistake") &&
                       Contains("Syntax error in '" + (shop / "m.stan").string() + "'"));
  CHECK(message([&] { compiler.compile(shop / "m.stan"); }) == text);
  CHECK(shop.compilations() == 1);
}

TEST_CASE("what is wrong with $BRIDGESTAN is said") {
  const Workshop shop;
  const auto with = [&](const std::string& checkout) {
    return message([&] { StanCompiler(checkout, shop / "cache").compile(shop / "m.stan"); });
  };
  CHECK_THAT(with(""), Contains("$BRIDGESTAN") && Contains("is not set"));
  CHECK_THAT(with((shop / "nowhere").string()), Contains("nowhere, is no folder"));
  CHECK_THAT(with(programs), Contains("is no checkout of BridgeStan 2: it has no Makefile"));
  const Workshop old("1 0");
  CHECK_THAT(message([&] { old.compile(); }), Contains("is BridgeStan 1.0.0, expected version 2"));
  write(shop / "bridgestan/Makefile", "compile_info: ; @echo Missing submodules; exit 1\n");
  CHECK_THAT(message([&] { shop.compile(); }),
             Contains("`make compile_info` there failed") && Contains("Missing submodules"));
}

TEST_CASE("processes that need the same program at the same time compile it once") {
  const Workshop shop;
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i) {
    const pid_t child = fork();
    if (child == 0) _exit(message([&] { shop.compile(); }) == "no error" ? 0 : 1);
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    CHECK(status == 0);
  }
  CHECK(shop.compilations() == 1);
}

TEST_CASE("plan compiles an experiment's programs and says so, run finds them compiled") {
  const Workshop shop;
  write(shop / "a.toml",
        "[[model]]\nplugin = \"stan\"\nsource = \"m.stan\"\ndata = \"schools.json\"\n"
        "[[method]]\nname = \"hmc\"\nsampler = \"hmc\"\nchains = 1\nwarmup = 50\ndraws = 50\n");
  const std::string file = (shop / "a.toml").string();
  setenv("XDG_CACHE_HOME", (shop / "home").c_str(), 1);
  setenv("BRIDGESTAN", (shop / "bridgestan").c_str(), 1);
  const ProgramRun plan = elbow::test::run_program("plan " + file);
  const ProgramRun run =
      elbow::test::run_program("run " + file + " --results " + (shop / "r").string());
  write(shop / "m.stan", "a mistake\n");
  const ProgramRun wrong = elbow::test::run_program("plan " + file);
  unsetenv("BRIDGESTAN");
  const ProgramRun unset = elbow::test::run_program("plan " + file);
  unsetenv("XDG_CACHE_HOME");

  INFO(plan.err << run.out << run.err << wrong.err);
  CHECK(plan.status == 0);
  CHECK_THAT(plan.err, Contains("compiling") && Contains("m.stan with BridgeStan 2.7.0"));
  CHECK(run.status == 0);
  CHECK(run.err.find("compiling") == std::string::npos);
  CHECK(shop.compilations() == 2);
  CHECK(wrong.status == 2);
  CHECK_THAT(wrong.err,
             Contains("a.toml:3:10: model \"stan\": source:") && Contains("Syntax error"));
  CHECK(unset.status == 2);
  CHECK_THAT(unset.err, Contains("a.toml:3:10:") && Contains("$BRIDGESTAN"));
}
