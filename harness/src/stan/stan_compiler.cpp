#include "stan/stan_compiler.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <elbow/error.hpp>
#include <fstream>

#include "data/digest.hpp"
#include "data/file_content.hpp"
#include "data/temporary_file.hpp"
#include "stan/command.hpp"
#include "stan/program_text.hpp"

namespace elbow {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_lines_shown = 100;

/// A lock that other processes wait for; the system gives it back when this one dies.
class FolderLock {
 public:
  explicit FolderLock(const fs::path& folder) {
    const fs::path file = folder / ".lock";
    descriptor_ = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (descriptor_ < 0) throw Error(file.string() + ": " + std::strerror(errno));
    while (flock(descriptor_, LOCK_EX) != 0 && errno == EINTR) continue;
  }
  ~FolderLock() { close(descriptor_); }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_;
};

/// A folder to compile in, removed at the end. Its name has no character that `make` cannot take.
class BuildFolder {
 public:
  BuildFolder() {
    for (const fs::path& place : {fs::temp_directory_path(), fs::path("/tmp")}) {
      if (place.string().find_first_of(" \t:#%$\\") != std::string::npos) continue;
      std::string name = (place / "elbow-stan-XXXXXX").string();
      if (mkdtemp(name.data()) == nullptr) throw Error(name + ": " + std::strerror(errno));
      path = name;
      return;
    }
  }
  ~BuildFolder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  BuildFolder(const BuildFolder&) = delete;
  BuildFolder& operator=(const BuildFolder&) = delete;

  fs::path path;
};

/// The program's name as the name of a C++ class and of a target of make.
std::string plain_name(const fs::path& program) {
  std::string name = program.stem().string();
  const auto is_plain = [](unsigned char c) { return c < 128 && (std::isalnum(c) || c == '_'); };
  std::replace_if(
      name.begin(), name.end(), [&](unsigned char c) { return !is_plain(c); }, '_');
  return name.empty() || std::isdigit(static_cast<unsigned char>(name[0])) ? "p" + name : name;
}

/// A number that a header defines; empty without it.
std::string definition(const std::string& text, const std::string& name) {
  const std::string directive = "#define " + name + " ";
  const std::size_t at = text.find(directive);
  if (at == std::string::npos) return "";
  const std::size_t begin = at + directive.size();
  return text.substr(begin, text.find_first_of(" \t\r\n", begin) - begin);
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

/// Indented as the end of an error's text, without empty lines.
std::string shown(const std::string& output) {
  std::string text;
  std::size_t lines = 0;
  for (std::size_t begin = 0; begin < output.size();) {
    const std::size_t end = std::min(output.find('\n', begin), output.size());
    const std::string line = output.substr(begin, end - begin);
    begin = end + 1;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    if (++lines <= most_lines_shown) text += "\n    " + line.substr(0, 400);
  }
  if (lines > most_lines_shown)
    text += "\n    ... and " + std::to_string(lines - most_lines_shown) + " more lines";
  return text;
}

void write_file(const fs::path& file, const std::string& text) {
  std::ofstream out(file, std::ios::binary);
  out << text;
  out.close();
  if (!out) throw Error(file.string() + ": cannot be written: " + std::strerror(errno));
}

}  // namespace

StanCompiler::StanCompiler(std::string checkout, fs::path cache, Tell tell)
    : checkout_(std::move(checkout)), cache_(std::move(cache)), tell_(std::move(tell)) {}

StanCompiler StanCompiler::from_environment(Tell tell) {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value ? value : "");
  };
  fs::path cache = variable("XDG_CACHE_HOME");
  // The specification has relative paths ignored.
  if (!cache.is_absolute()) cache = fs::path(variable("HOME")) / ".cache";
  return StanCompiler(variable("BRIDGESTAN"), cache / "elbow" / "stan", std::move(tell));
}

const StanCompiler::Toolchain& StanCompiler::toolchain() {
  if (toolchain_) return *toolchain_;
  if (checkout_.empty())
    throw Error(
        "a Stan program is compiled by BridgeStan, and $BRIDGESTAN, which says where its "
        "checkout is, is not set");
  const std::string where = "$BRIDGESTAN, " + checkout_ + ", ";
  std::error_code ignored;
  Toolchain tools;
  tools.checkout = fs::absolute(checkout_);
  if (!fs::is_directory(tools.checkout, ignored)) throw Error(where + "is no folder");
  for (const char* file : {"Makefile", "src/bridgestan.h", "src/version.hpp"})
    if (!fs::is_regular_file(tools.checkout / file, ignored))
      throw Error(where + "is no checkout of BridgeStan 2: it has no " + file);
  const std::string header = read_content(tools.checkout / "src" / "version.hpp");
  const std::string major = definition(header, "BRIDGESTAN_MAJOR");
  tools.version = major + "." + definition(header, "BRIDGESTAN_MINOR") + "." +
                  definition(header, "BRIDGESTAN_PATCH");
  if (major != "2") throw Error(where + "is BridgeStan " + tools.version + ", expected version 2");

  const auto make = [&](const char* target) {
    const CommandEnd end = run_command({"make", "--no-print-directory", target}, tools.checkout);
    if (end.status != 0)
      throw Error(where + "cannot compile: `make " + target +
                  "` there failed:" + shown(end.output));
    return end.output;
  };
  const std::string flags = make("compile_info");
  std::string compiler = first_line(make("print-CXX"));
  compiler.erase(0, compiler.find('=') + 1);
  tools.compiler =
      first_line(run_command({"sh", "-c", compiler + " --version"}, tools.checkout).output);
  tools.identity = tools.version + "\n" + tools.compiler + "\n" + flags;
  if (fs::exists(tools.checkout / "make" / "local", ignored))
    tools.identity += read_content(tools.checkout / "make" / "local");
  return toolchain_.emplace(std::move(tools));
}

StanLibrary StanCompiler::compile(const fs::path& program) {
  if (const auto found = known_.find(program); found != known_.end()) return found->second;
  if (const auto found = failures_.find(program); found != failures_.end())
    throw Error(found->second);
  try {
    return known_.emplace(program, find_or_build(program)).first->second;
  } catch (const Error& error) {
    failures_.emplace(program, error.what());
    throw;
  }
}

StanLibrary StanCompiler::find_or_build(const fs::path& program) {
  if (program.extension() != ".stan")
    throw Error("a Stan program's name ends in .stan, got " + program.string());
  const std::string name = plain_name(program);
  const std::string text = stan_program_text(program);
  StanLibrary library;
  library.key = sha256_of_text(name + "\n" + toolchain().identity + "\n" + text);
  library.file = cache_ / library.key.substr(0, 32) / (name + "_model.so");
  std::error_code error;
  if (!fs::is_regular_file(library.file, error)) {
    fs::create_directories(cache_, error);
    if (error) throw Error(cache_.string() + ": cannot be made: " + error.message());
    const FolderLock lock(cache_);
    // Another process may have compiled it while this one waited.
    if (!fs::is_regular_file(library.file, error)) build(program, text, library);
  }
  return library;
}

void StanCompiler::build(const fs::path& program, const std::string& text,
                         const StanLibrary& library) {
  const Toolchain& tools = toolchain();
  if (tell_)
    tell_("compiling " + program.string() + " with BridgeStan " + tools.version + " (" +
          tools.compiler + "); its library is kept in " + cache_.string());
  const BuildFolder folder;
  const fs::path copy = folder.path / (plain_name(program) + ".stan");
  const fs::path built = folder.path / library.file.filename();
  write_file(copy, text);
  CommandEnd end = run_command({"make", "--no-print-directory", built.string()}, tools.checkout);
  replace_all(end.output, copy.string(), program.string());
  if (end.status != 0 || !fs::is_regular_file(built))
    throw Error(program.string() + ": BridgeStan " + tools.version +
                " cannot make a library of it:" + shown(end.output));

  // Under another name until it is complete.
  const fs::path home = library.file.parent_path();
  const fs::path unfinished = temporary_beside(home);
  std::error_code ignored;
  fs::remove_all(unfinished, ignored);
  fs::create_directories(unfinished);
  fs::copy_file(built, unfinished / built.filename());
  write_file(unfinished / copy.filename(), text);
  fs::remove_all(home, ignored);
  fs::rename(unfinished, home);
}

}  // namespace elbow
