#include "config/option_value.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "config/nearest.hpp"

namespace elbow {
namespace {

using Json = nlohmann::ordered_json;
using Type = Node::Type;

std::string number_text(double value) {
  if (value == std::floor(value) && std::abs(value) < 1e15)
    return std::to_string(std::int64_t(value));
  return Json(value).dump();
}

bool is_within(const Option& option, double value) {
  return (option.lower_open ? value > option.lower : value >= option.lower) &&
         (option.upper_open ? value < option.upper : value <= option.upper);
}

/// The checks of one option's value; `what` names the option or an element of it.
class ValueChecker {
 public:
  ValueChecker(const Option& option, const std::string& owner, const ReadingContext& context)
      : option_(option), owner_(owner), context_(context) {}

  std::optional<Json> check(const Node& node) const {
    switch (option_.type) {
      case OptionType::boolean:
        if (node.is(Type::boolean)) return node.boolean;
        return wrong_type(node);
      case OptionType::integer:
        return integer(node);
      case OptionType::real:
        return real(node, option_.name);
      case OptionType::text:
        if (node.is(Type::text)) return node.text;
        return wrong_type(node);
      case OptionType::choice:
        return choice(node);
      case OptionType::reals:
        if (!node.is(Type::array)) return wrong_type(node);
        return reals(node, option_.name);
      case OptionType::matrix:
        return matrix(node);
      case OptionType::path:
      case OptionType::table:
      case OptionType::array:
        return file(node);
    }
    return {};
  }

 private:
  std::nullopt_t problem(const Place& place, const std::string& text) const {
    context_.problems.add(place, owner_ + text);
    return std::nullopt;
  }

  std::nullopt_t wrong_type(const Node& node) const { return wrong_type(node, option_.name); }
  std::nullopt_t wrong_type(const Node& node, const std::string& what,
                            const char* type = nullptr) const {
    std::string text =
        what + " must be " + (type ? type : type_text(option_.type)) + ", got " + describe(node);
    if (node.is(Type::array) && option_.type != OptionType::matrix && what == option_.name)
      text += " (an axis of the grid is written { each = [...] })";
    if (node.is(Type::table)) {
      for (const Member& member : node.members) {
        const std::string near = nearest_name(member.key, {"each", "ablate"});
        if (near.empty()) continue;
        text += " with the key \"" + member.key + "\"; did you mean \"" + near + "\"?";
        break;
      }
    }
    return problem(node.place, text);
  }

  std::optional<Json> within_bounds(const Node& node, double value, const std::string& what,
                                    Json json) const {
    if (is_within(option_, value)) return json;
    return problem(node.place, what + " must be " + bounds_text(option_) + ", got " +
                                   (node.is(Type::integer) ? std::to_string(node.integer)
                                                           : Json(node.real).dump()));
  }

  std::optional<Json> integer(const Node& node) const {
    if (node.is(Type::real) && node.real == std::floor(node.real) && std::abs(node.real) < 1e15)
      return problem(node.place, option_.name + " must be an integer, got the number " +
                                     Json(node.real).dump() + "; write " + number_text(node.real));
    if (!node.is(Type::integer)) return wrong_type(node);
    return within_bounds(node, double(node.integer), option_.name, node.integer);
  }

  std::optional<Json> real(const Node& node, const std::string& what) const {
    if (node.is(Type::integer))
      return within_bounds(node, double(node.integer), what, double(node.integer));
    if (!node.is(Type::real)) return wrong_type(node, what, "a number");
    if (!std::isfinite(node.real))
      return problem(node.place, what + " must be finite, got " + describe(node));
    return within_bounds(node, node.real, what, node.real);
  }

  std::optional<Json> reals(const Node& node, const std::string& what) const {
    Json values = Json::array();
    bool good = true;
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      if (auto value = real(node.items[i], what + "[" + std::to_string(i) + "]"))
        values.push_back(std::move(*value));
      else
        good = false;
    }
    if (!good) return {};
    return values;
  }

  std::optional<Json> matrix(const Node& node) const {
    if (!node.is(Type::array)) return wrong_type(node);
    Json rows = Json::array();
    bool good = true;
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const Node& item = node.items[i];
      const std::string what = option_.name + "[" + std::to_string(i) + "]";
      if (!item.is(Type::array)) {
        wrong_type(item, what, "a row of numbers");
        good = false;
      } else if (item.items.size() != node.items.front().items.size()) {
        problem(item.place, what + " must have " + std::to_string(node.items.front().items.size()) +
                                " numbers as the first row has, got " +
                                std::to_string(item.items.size()));
        good = false;
      } else if (auto row = reals(item, what)) {
        rows.push_back(std::move(*row));
      } else {
        good = false;
      }
    }
    if (!good) return {};
    return rows;
  }

  std::optional<Json> choice(const Node& node) const {
    if (!node.is(Type::text)) return wrong_type(node);
    const auto& names = option_.choices;
    if (std::find(names.begin(), names.end(), node.text) != names.end()) return node.text;
    std::string text = option_.name + " must be one of ";
    for (const std::string& name : names) text += (&name == &names[0] ? "" : ", ") + name;
    text += ", got \"" + node.text + "\"";
    if (const std::string near = nearest_name(node.text, names); !near.empty())
      text += "; did you mean \"" + near + "\"?";
    return problem(node.place, text);
  }

  std::optional<Json> file(const Node& node) const {
    DataRequest request;
    std::string dataset;
    if (node.is(Type::text)) {
      request.file = node.text;
    } else if (node.is(Type::table) && node.find("file")) {
      bool good = true;
      for (const Member& member : node.members) good &= file_member(member, request, dataset);
      if (!good) return {};
    } else {
      return wrong_type(node);
    }
    if (request.file.empty() || request.file.find('\0') != std::string::npos)
      return problem(node.place, option_.name + " must name a file, got \"\"");
    if (may_be_hdf5() && dataset.empty()) split_dataset(request.file, dataset);
    try {
      const DataFile found = context_.find_data(request);
      Json value = {{"path", found.path.string()}, {"sha256", found.sha256}};
      if (!dataset.empty()) value["dataset"] = dataset;
      return value;
    } catch (const Error& error) {
      return problem(node.place, option_.name + ": " + error.what());
    }
  }

  bool file_member(const Member& member, DataRequest& request, std::string& dataset) const {
    std::vector<std::string> keys{"file", "sha256", "url"};
    if (may_be_hdf5()) keys.push_back("dataset");
    if (std::find(keys.begin(), keys.end(), member.key) == keys.end()) {
      problem(member.place,
              option_.name + " has no key \"" + member.key + "\"" + suggestion(member.key, keys));
      return false;
    }
    if (!member.value.is(Type::text)) {
      wrong_type(member.value, option_.name + "." + member.key, "a text");
      return false;
    }
    const std::string& text = member.value.text;
    if (member.key == "sha256" &&
        (text.size() != 64 ||
         text.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos)) {
      problem(member.value.place,
              option_.name + ".sha256 must be 64 hexadecimal digits, got \"" + text + "\"");
      return false;
    }
    (member.key == "file"     ? request.file
     : member.key == "sha256" ? request.sha256
     : member.key == "url"    ? request.url
                              : dataset) = text;
    return true;
  }

  bool may_be_hdf5() const { return option_.type != OptionType::path; }

  /// "file.h5:group/dataset" names a dataset of an HDF5 file.
  static void split_dataset(std::string& file, std::string& dataset) {
    for (const char* ending : {".h5:", ".hdf5:", ".nc:"}) {
      const std::size_t at = file.rfind(ending);
      if (at == std::string::npos) continue;
      const std::size_t colon = file.find(':', at);
      dataset = file.substr(colon + 1);
      file.resize(colon);
      return;
    }
  }

  const Option& option_;
  const std::string& owner_;
  const ReadingContext& context_;
};

}  // namespace

std::optional<Json> check_value(const Option& option, const Node& node, const std::string& owner,
                                const ReadingContext& context) {
  return ValueChecker(option, owner, context).check(node);
}

Json default_value(const Option& option) {
  struct Convert {
    Json operator()(bool v) const { return v; }
    Json operator()(std::int64_t v) const { return v; }
    Json operator()(double v) const { return v; }
    Json operator()(const std::string& v) const { return v; }
    Json operator()(const Eigen::VectorXd& v) const {
      return std::vector<double>(v.data(), v.data() + v.size());
    }
    Json operator()(const Eigen::MatrixXd& v) const {
      Json rows = Json::array();
      for (Index i = 0; i < v.rows(); ++i) {
        const Eigen::VectorXd row = v.row(i);
        rows.push_back((*this)(row));
      }
      return rows;
    }
    // No declaration gives a table or an array a default.
    Json operator()(const std::shared_ptr<const Table>&) const { return nullptr; }
    Json operator()(const std::shared_ptr<const Array>&) const { return nullptr; }
  };
  return std::visit(Convert{}, option.standard.value());
}

const char* type_text(OptionType type) {
  switch (type) {
    case OptionType::boolean:
      return "true or false";
    case OptionType::integer:
      return "an integer";
    case OptionType::real:
      return "a number";
    case OptionType::text:
      return "a text";
    case OptionType::choice:
      return "a name";
    case OptionType::reals:
      return "a list of numbers";
    case OptionType::matrix:
      return "a list of rows of numbers";
    case OptionType::path:
      return "a file name or { file = \"...\" }";
    case OptionType::table:
      return "the name of a data file or { file = \"...\" }";
    case OptionType::array:
      return "the name of a file of images or other arrays or { file = \"...\" }";
  }
  return "";
}

std::string bounds_text(const Option& option) {
  std::string text;
  if (std::isfinite(option.lower))
    text = (option.lower_open ? "above " : "at least ") + number_text(option.lower);
  if (std::isfinite(option.upper))
    text += (text.empty() ? "" : " and ") + std::string(option.upper_open ? "below " : "at most ") +
            number_text(option.upper);
  if (!text.empty() && !option.unit_name.empty()) text += " " + option.unit_name;
  return text;
}

}  // namespace elbow
