#include "plan/plan_file.hpp"

#include <cerrno>
#include <cstring>
#include <elbow/error.hpp>
#include <fstream>

#include "data/temporary_file.hpp"
#include "plugins/plugin_info.hpp"

namespace elbow {
namespace {

constexpr int format = 1;

Json plugin_json(const PlannedPlugin& plugin) {
  return {{"plugin", plugin.name}, {"options", plugin.options}};
}

PlannedPlugin plugin_from(Kind kind, const Json& json) {
  return {kind, json.at("plugin"), json.at("options")};
}

ModelVariant model_from(const Json& json) {
  return {json.at("name"), plugin_from(Kind::model, json), json.at("axes"),
          json.value("settings", Json::object())};
}

MethodVariant method_from(const Json& json) {
  MethodVariant method;
  method.name = json.at("name");
  const auto part = [&](Kind kind, std::optional<PlannedPlugin>& out) {
    if (const auto found = json.find(kind_name(kind)); found != json.end())
      out = plugin_from(kind, *found);
  };
  part(Kind::family, method.family);
  part(Kind::estimator, method.estimator);
  part(Kind::optimizer, method.optimizer);
  part(Kind::sampler, method.sampler);
  method.settings = json.at("settings");
  method.axes = json.at("axes");
  return method;
}

void print_member(std::ostream& out, const char* name, const Json& value) {
  // The experiment's file name need not be UTF-8, and the file must be JSON all the same.
  out << "  \"" << name << "\": " << value.dump(-1, ' ', false, Json::error_handler_t::replace)
      << ",\n";
}

/// An array with one element per line.
template <class List, class Print>
void print_list(std::ostream& out, const char* name, const List& list, const Print& print,
                const char* end) {
  out << "  \"" << name << "\": [";
  const char* separator = "\n    ";
  for (const auto& element : list) {
    out << separator;
    print(element);
    separator = ",\n    ";
  }
  out << "\n  ]" << end << '\n';
}

/// The members that a stored and a printed plan share, and the end.
void print_body(const Plan& plan, std::ostream& out) {
  print_member(out, "title", plan.title);
  print_member(out, "seed", plan.seed);
  print_member(out, "repeats", plan.repeats);
  print_member(out, "limits",
               {{"wall_seconds", plan.limits.wall_seconds},
                {"memory_mb", plan.limits.memory_mb},
                {"snapshot_seconds", plan.limits.snapshot_seconds}});
  print_member(out, "evaluation", plan.evaluation);
  const auto print_json = [&](const auto& variant) { out << to_json(variant).dump(); };
  print_list(out, "models", plan.models, print_json, ",");
  print_list(out, "methods", plan.methods, print_json, ",");
  // By hand, because a hundred thousand trees are slow; all of it is digits.
  const auto print_cell = [&](const Cell& cell) {
    out << "{\"hash\":\"" << cell.hash << "\",\"model\":" << cell.model
        << ",\"method\":" << cell.method << ",\"replicate\":" << cell.replicate << '}';
  };
  print_list(out, "cells", plan.cells, print_cell, ",");
  const auto print_impossible = [&](const Impossible& pair) {
    out << Json{{"model", pair.model}, {"method", pair.method}, {"reason", pair.reason}}.dump();
  };
  print_list(out, "impossible", plan.impossible, print_impossible, "");
  out << "}\n";
}

}  // namespace

Json to_json(const ModelVariant& model) {
  Json json{{"name", model.name}};
  json.update(plugin_json(model.plugin));
  if (!model.settings.empty()) json["settings"] = model.settings;
  json["axes"] = model.axes;
  return json;
}

Json to_json(const MethodVariant& method) {
  Json json{{"name", method.name}};
  for (const auto* plugin : {&method.family, &method.estimator, &method.optimizer, &method.sampler})
    if (*plugin) json[kind_name((*plugin)->kind)] = plugin_json(**plugin);
  json["settings"] = method.settings;
  json["axes"] = method.axes;
  return json;
}

void print_plan(const Plan& plan, std::ostream& out) {
  out << "{\n";
  print_member(out, "experiment_file", plan.experiment_file.string());
  print_body(plan, out);
}

void write_plan(const Plan& plan, const Json& provenance, const std::filesystem::path& file) {
  const std::filesystem::path temporary = temporary_beside(file);
  const auto fail = [&](const std::filesystem::path& path) {
    throw Error(path.string() + ": cannot be written: " + std::strerror(errno));
  };
  std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
  if (!out) fail(temporary);
  out << "{\n  \"format\": " << format << ",\n";
  print_member(out, "experiment_file", plan.experiment_file.string());
  print_member(out, "experiment_text", plan.experiment_text);
  print_member(out, "provenance", provenance);
  print_body(plan, out);
  out.close();
  // On the disk before it has its name: after a failure of power there is either the plan before or
  // this one whole.
  if (const int reason = out ? sync_to_disk(temporary) : errno; reason != 0) {
    std::filesystem::remove(temporary);
    errno = reason;
    fail(file);
  }
  std::error_code error;
  std::filesystem::rename(temporary, file, error);
  if (error) throw Error(file.string() + ": cannot be written: " + error.message());
}

StoredPlan read_plan(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw Error(file.string() + ": cannot be read: " + std::strerror(errno));
  try {
    const Json json = Json::parse(in);
    if (json.at("format") != format)
      throw Error(file.string() + ": is a plan of format " + json.at("format").dump() +
                  ", expected " + std::to_string(format));
    StoredPlan stored;
    Plan& plan = stored.plan;
    stored.provenance = json.at("provenance");
    plan.experiment_file = json.at("experiment_file").get<std::string>();
    plan.experiment_text = json.at("experiment_text");
    plan.title = json.at("title");
    plan.seed = json.at("seed");
    plan.repeats = json.at("repeats");
    plan.limits.wall_seconds = json.at("limits").at("wall_seconds");
    plan.limits.memory_mb = json.at("limits").at("memory_mb");
    plan.limits.snapshot_seconds = json.at("limits").value("snapshot_seconds", 0.);
    plan.evaluation = json.at("evaluation");
    for (const Json& model : json.at("models")) plan.models.push_back(model_from(model));
    for (const Json& method : json.at("methods")) plan.methods.push_back(method_from(method));
    for (const Json& cell : json.at("cells")) {
      plan.cells.push_back(
          {cell.at("hash"), cell.at("model"), cell.at("method"), cell.at("replicate")});
      if (plan.cells.back().model >= plan.models.size() ||
          plan.cells.back().method >= plan.methods.size())
        throw Error(file.string() + ": is not a plan: a cell points outside its models or methods");
    }
    for (const Json& pair : json.at("impossible"))
      plan.impossible.push_back({pair.at("model"), pair.at("method"), pair.at("reason")});
    return stored;
  } catch (const nlohmann::json::exception& error) {
    throw Error(file.string() + ": is not a plan: " + error.what());
  }
}

}  // namespace elbow
