#include "cli/list_posteriors.hpp"

#include <elbow/error.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

#include "data/posteriordb.hpp"

namespace elbow {
namespace {

using Json = nlohmann::ordered_json;

Index number_count(const DatabasePosterior& posterior) {
  Index count = 0;
  for (const Variable& variable : posterior.variables) count += variable.size();
  return count;
}

std::string quantities(const DatabasePosterior& posterior) {
  std::string text;
  for (const Variable& variable : posterior.variables) {
    text += (text.empty() ? "" : ", ") + variable.name;
    for (std::size_t axis = 0; axis < variable.shape.size(); ++axis)
      text += (axis == 0 ? "[" : ", ") + std::to_string(variable.shape[axis]);
    if (!variable.shape.empty()) text += "]";
  }
  return text;
}

void print_posteriors(const std::vector<DatabasePosterior>& posteriors, const std::string& root) {
  std::size_t width = 4;
  for (const DatabasePosterior& posterior : posteriors)
    width = std::max(width, posterior.name.size());
  const auto padded = [](std::string text, std::size_t to) {
    text.resize(std::max(to, text.size()), ' ');
    return text;
  };
  std::cout << posteriors.size() << " posteriors in " << root << "\n\n"
            << padded("name", width) << "  data  program  draws  numbers  quantities\n";
  for (const DatabasePosterior& posterior : posteriors) {
    const std::string draws = !posterior.reference.empty()       ? "yes"
                              : posterior.reference_name.empty() ? "-"
                                                                 : "lost";
    std::cout << padded(posterior.name, width) << "  "
              << padded(posterior.data.empty() ? "lost" : "yes", 6)
              << padded(posterior.program.empty() ? "lost" : "yes", 9) << padded(draws, 7)
              << padded(posterior.variables.empty() ? "?" : std::to_string(number_count(posterior)),
                        9)
              << quantities(posterior) << '\n';
  }
  std::cout.flush();
}

void print_posteriors_as_json(const std::vector<DatabasePosterior>& posteriors) {
  Json list = Json::array();
  const auto file = [](const std::filesystem::path& path) {
    return path.empty() ? Json(nullptr) : Json(path.string());
  };
  for (const DatabasePosterior& posterior : posteriors) {
    Json dimensions = Json::object();
    for (const Variable& variable : posterior.variables) dimensions[variable.name] = variable.shape;
    list.push_back({{"name", posterior.name},
                    {"dimensions", dimensions},
                    {"data", file(posterior.data)},
                    {"program", file(posterior.program)},
                    {"reference", file(posterior.reference)}});
  }
  std::cout << list.dump(2, ' ', false, Json::error_handler_t::replace) << std::endl;
}

}  // namespace

int list_posteriors(bool as_json) {
  const PosteriorDatabase database = PosteriorDatabase::from_environment();
  std::vector<DatabasePosterior> posteriors;
  std::vector<std::string> refusals;
  for (const std::string& name : database.names()) {
    try {
      posteriors.push_back(database.posterior(name));
    } catch (const Error& error) {
      refusals.push_back(error.what());
    }
  }
  if (as_json)
    print_posteriors_as_json(posteriors);
  else
    print_posteriors(posteriors, database.root().string());
  for (const std::string& refusal : refusals) std::cerr << "refused: " << refusal << '\n';
  return refusals.empty() ? 0 : 1;
}

}  // namespace elbow
