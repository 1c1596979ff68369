#pragma once

#include <filesystem>

#include "plan/plan.hpp"

namespace elbow {

/// Writes results/<experiment>/plan.json: the experiment as read, the resolved configuration of
/// every variant, the cells as indices into them, the impossible pairs with their reasons, and
/// where the plan came from. Cells are written one by one, so that memory does not grow with their
/// number. The file is complete or, after a crash, the old one.
/// @param provenance  what the caller knows of the run: program and plugin versions, host, time
/// @throws Error naming the file and the system's reason.
void write_plan(const Plan& plan, const Json& provenance, const std::filesystem::path& file);

/// A plan as stored.
struct StoredPlan {
  Plan plan;
  Json provenance;
};

/// @throws Error naming the file when it is not a plan that `write_plan` wrote.
StoredPlan read_plan(const std::filesystem::path& file);

/// The resolved configuration of one variant, as in plan.json and in the files of its cells.
Json to_json(const ModelVariant& model);
Json to_json(const MethodVariant& method);

/// The same text for the command line: everything but the experiment's text and the provenance.
void print_plan(const Plan& plan, std::ostream& out);

}  // namespace elbow
