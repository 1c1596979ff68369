#include "plan/compile_programs.hpp"

#include <elbow/error.hpp>

#include "config/problems.hpp"

namespace elbow {

bool is_stan_program(const Option& option, const Json& value) {
  return option.type == OptionType::path &&
         value.at("path").get_ref<const std::string&>().ends_with(".stan");
}

void compile_program(Json& value, StanCompiler& compiler) {
  const StanLibrary library = compiler.compile(value.at("path").get<std::string>());
  value["library"] = {{"path", library.file.string()}, {"sha256", library.key}};
}

void compile_programs(Experiment& experiment, const Catalog& catalog, StanCompiler& compiler) {
  Problems problems(experiment.file.string(), experiment.overrides);
  const auto compile = [&](const Option& option, Setting& setting, const std::string& owner) {
    for (std::size_t i = 0; i < setting.values.size(); ++i) {
      if (!is_stan_program(option, setting.values[i])) continue;
      try {
        compile_program(setting.values[i], compiler);
      } catch (const Error& error) {
        problems.add(setting.places[i], owner + setting.name + ": " + error.what());
      }
    }
  };
  const auto compile_all = [&](const Slot& slot, PluginChoice& choice) {
    const std::string owner = std::string(kind_name(slot.kind)) + " \"" + choice.plugin + "\": ";
    for (const Option& option : catalog.find(slot.kind, choice.plugin)->options)
      for (Setting& setting : choice.settings)
        if (setting.name == option.name) compile(option, setting, owner);
  };
  for (Grid& grid : experiment.grids)
    for (std::vector<Block>* blocks : {&grid.models, &grid.methods})
      for (Block& block : *blocks)
        for (Slot& slot : block.slots)
          for (PluginChoice& choice : slot.choices) compile_all(slot, choice);
  problems.throw_if_any();
}

}  // namespace elbow
