/// Any bytes are an experiment that is read and planned, or an Error; nothing else. No file is
/// opened: data are looked up in memory. Bytes after a line of `%%` are overrides, one per line.
#include <cstdint>
#include <sstream>

#include "config/named_plugins.hpp"
#include "plan/make_plan.hpp"
#include "unit/config/reading.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace elbow;
  static const Catalog catalog = example_catalog();
  const std::string input(reinterpret_cast<const char*>(data), size);
  const std::size_t mark = input.find("\n%%\n");
  std::vector<std::string> overrides;
  if (mark != std::string::npos) {
    std::istringstream rest(input.substr(mark + 4));
    for (std::string line; std::getline(rest, line);) overrides.push_back(line);
  }
  const std::string text = input.substr(0, mark);
  named_plugins(text, overrides);
  try {
    const Experiment experiment =
        read_experiment("fuzz.toml", text, overrides, catalog, example_data);
    // A valid grid may be as large as is allowed, which takes its time and proves nothing.
    for (const Grid& grid : experiment.grids)
      if (double(grid.models.size() * grid.methods.size()) * grid.repeats > 1000) return 0;
    make_plan(experiment, catalog);
  } catch (const Error&) {
  }
  return 0;
}
