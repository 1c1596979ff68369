#include "stan/program_text.hpp"

#include <algorithm>
#include <elbow/error.hpp>
#include <sstream>
#include <vector>

#include "data/file_content.hpp"

namespace elbow {
namespace {

namespace fs = std::filesystem;

/// The file that a line includes; empty when it includes none.
std::string included_file(const std::string& line) {
  const std::string directive = "#include";
  std::size_t begin = line.find_first_not_of(" \t");
  if (begin == std::string::npos || line.compare(begin, directive.size(), directive) != 0)
    return "";
  begin = line.find_first_not_of(" \t", begin + directive.size());
  if (begin == std::string::npos) return "";
  const char open = line[begin];
  if (open == '"' || open == '<') {
    const std::size_t end = line.find(open == '<' ? '>' : '"', begin + 1);
    return end == std::string::npos ? "" : line.substr(begin + 1, end - begin - 1);
  }
  return line.substr(begin, line.find_first_of(" \t\r", begin) - begin);
}

std::string expand(const fs::path& file, const fs::path& folder, std::vector<fs::path>& open) {
  if (std::find(open.begin(), open.end(), file) != open.end())
    throw Error(file.string() + ": is included by itself");
  open.push_back(file);
  std::istringstream in(read_content(file));
  std::string text;
  for (std::string line; std::getline(in, line); text += '\n') {
    const std::string included = included_file(line);
    text += included.empty() ? line : expand((folder / included).lexically_normal(), folder, open);
  }
  open.pop_back();
  return text;
}

}  // namespace

std::string stan_program_text(const fs::path& program) {
  std::vector<fs::path> open;
  return expand(program, program.parent_path(), open);
}

}  // namespace elbow
