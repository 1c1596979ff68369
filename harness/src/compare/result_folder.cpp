#include "compare/result_folder.hpp"

#include <algorithm>
#include <elbow/error.hpp>
#include <fstream>
#include <iterator>
#include <map>
#include <unordered_map>

namespace elbow {

namespace fs = std::filesystem;

namespace {

using Json = nlohmann::ordered_json;

std::vector<std::string> names_of(const Json& variants) {
  std::vector<std::string> names;
  for (const Json& variant : variants) names.push_back(variant.at("name"));
  return names;
}

std::string read_text(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw Error(file.string() + ": cannot be read");
  return {std::istreambuf_iterator<char>(in), {}};
}

void read_plan(const Json& plan, ResultFolder& folder, std::vector<CellSummary> cells) {
  folder.title = plan.value("title", "");
  folder.experiment_text = plan.value("experiment_text", "");
  folder.models = names_of(plan.at("models"));
  folder.methods = names_of(plan.at("methods"));
  for (const Json& pair : plan.at("impossible"))
    folder.impossible.push_back({folder.models.at(pair.at("model")),
                                 folder.methods.at(pair.at("method")), pair.at("reason")});

  std::unordered_map<std::string, CellSummary> by_hash;
  for (CellSummary& cell : cells) by_hash.emplace(cell.hash, std::move(cell));
  folder.left_out = by_hash.size();
  for (const Json& planned : plan.at("cells")) {
    const auto found = by_hash.find(planned.at("hash"));
    if (found != by_hash.end()) {
      folder.cells.push_back(std::move(found->second));
      --folder.left_out;
    } else {
      folder.missing.push_back({planned.at("hash"), folder.models.at(planned.at("model")),
                                folder.methods.at(planned.at("method")),
                                planned.at("replicate").get<std::int64_t>()});
    }
  }
}

/// Absolute, without links, dots and a slash at the end.
fs::path whole_path(const fs::path& path) {
  const fs::path whole = fs::weakly_canonical(fs::absolute(path)).lexically_normal();
  return whole.has_filename() ? whole : whole.parent_path();
}

/// The last `count` components, or all.
std::string end_of_path(const fs::path& path, std::ptrdiff_t count) {
  const std::ptrdiff_t components = std::distance(path.begin(), path.end());
  fs::path end;
  for (auto part = std::next(path.begin(), std::max<std::ptrdiff_t>(components - count, 0));
       part != path.end(); ++part)
    end /= *part;
  return end.string();
}

/// Whether a file is the cell that it is named after: one that a run has finished since the folder
/// was read is, and no more than missing.
bool is_complete(const fs::path& file) {
  try {
    return read_summary(file).hash == file.stem();
  } catch (const Error&) {
    return false;
  }
}

void add_once(std::vector<std::string>& names, const std::string& name) {
  if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

}  // namespace

ResultFolder arrange(const fs::path& path, const std::string& plan,
                     std::vector<CellSummary> cells) {
  ResultFolder folder;
  folder.path = path;
  folder.name = distinguishing_names({whole_path(path)})[0];
  folder.has_plan = !plan.empty();
  if (folder.has_plan) {
    try {
      read_plan(Json::parse(plan), folder, std::move(cells));
    } catch (const Json::exception& error) {
      throw Error((path / "plan.json").string() + ": not a plan: " + error.what());
    } catch (const std::out_of_range&) {
      throw Error((path / "plan.json").string() +
                  ": not a plan: a cell names a model or a method that is not there");
    }
    return folder;
  }
  std::stable_sort(cells.begin(), cells.end(), [](const CellSummary& a, const CellSummary& b) {
    return std::tie(a.model, a.method, a.replicate) < std::tie(b.model, b.method, b.replicate);
  });
  for (const CellSummary& cell : cells) {
    add_once(folder.models, cell.model);
    add_once(folder.methods, cell.method);
  }
  folder.cells = std::move(cells);
  return folder;
}

ResultFolder read_result_folder(const fs::path& folder) {
  if (!fs::is_directory(folder))
    throw Error(folder.string() + ": expected a result folder, " +
                (fs::exists(folder) ? "this is a file" : "there is nothing of that name"));
  const bool has_plan = fs::exists(folder / "plan.json");
  if (!has_plan && !fs::exists(folder / "cells"))
    throw Error(folder.string() +
                ": not a result folder: expected plan.json or cells/ in it, found neither");
  ResultFolder result =
      arrange(folder, has_plan ? read_text(folder / "plan.json") : "", read_index(folder));
  for (const MissingCell& cell : result.missing) {
    const fs::path file = folder / "cells" / cell.hash.substr(0, 2) / (cell.hash + ".h5");
    if (fs::exists(file) && !is_complete(file)) result.unreadable.push_back(file);
  }
  return result;
}

std::vector<ResultFolder> read_result_folders(const std::vector<fs::path>& folders) {
  std::vector<ResultFolder> read;
  std::vector<fs::path> paths;
  for (const fs::path& folder : folders) {
    const fs::path whole = whole_path(folder);
    const auto known = std::find(paths.begin(), paths.end(), whole);
    if (known != paths.end()) {
      ++read[std::size_t(known - paths.begin())].times_given;
      continue;
    }
    read.push_back(read_result_folder(folder));
    paths.push_back(whole);
  }
  const std::vector<std::string> names = distinguishing_names(paths);
  for (std::size_t i = 0; i < read.size(); ++i) read[i].name = names[i];
  return read;
}

std::vector<std::string> distinguishing_names(const std::vector<fs::path>& paths) {
  std::vector<std::string> names;
  for (const fs::path& path : paths) {
    std::ptrdiff_t count = 1;
    const auto shares_end = [&](const fs::path& other) {
      return other != path && end_of_path(other, count) == end_of_path(path, count);
    };
    while (std::any_of(paths.begin(), paths.end(), shares_end)) ++count;
    names.push_back(end_of_path(path, count));
  }
  return names;
}

}  // namespace elbow
