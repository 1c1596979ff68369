#pragma once

#include "config/experiment.hpp"
#include "plugins/plugin_info.hpp"
#include "stan/stan_compiler.hpp"

namespace elbow {

/// Whether an option's value, as planned, is a Stan program: a path that ends in .stan. A plugin is
/// given the library that BridgeStan makes of it.
bool is_stan_program(const Option& option, const Json& value);

/// Adds to the planned value of a Stan program, {"path", "sha256"}, its library as
/// {"library": {"path", "sha256"}}, compiling it where that has not been done. The digest is the
/// key of what the library was made from: another compiler makes other cells.
/// @throws Error as the compiler does.
void compile_program(Json& value, StanCompiler& compiler);

/// Does so for every Stan program that the experiment names.
/// @throws ExperimentError with every program that cannot be compiled.
void compile_programs(Experiment& experiment, const Catalog& catalog, StanCompiler& compiler);

}  // namespace elbow
