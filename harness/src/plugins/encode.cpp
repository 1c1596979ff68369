#include <cstring>
#include <elbow/error.hpp>
#include <type_traits>

#include "plugins/description.hpp"

namespace elbow {
namespace {

template <class T>
concept Plain = std::is_arithmetic_v<T> || std::is_enum_v<T>;

class Writer {
 public:
  std::string bytes;

  void operator()(const Plain auto& value) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void operator()(const std::string& text) {
    (*this)(text.size());
    bytes += text;
  }
  void operator()(const Eigen::MatrixXd& m) {
    (*this)(m.rows());
    (*this)(m.cols());
    for (double number : m.reshaped()) (*this)(number);
  }
  template <class T, class Each>
  void list(const std::vector<T>& items, Each each) {
    (*this)(items.size());
    for (const T& item : items) each(item);
  }
};

class Reader {
 public:
  explicit Reader(const std::string& bytes) : bytes_(bytes) {}

  void operator()(Plain auto& value) { std::memcpy(&value, take(sizeof value), sizeof value); }
  void operator()(std::string& text) {
    const auto size = number<std::size_t>();
    text.assign(take(size), size);
  }
  void operator()(Eigen::MatrixXd& m) {
    const auto rows = number<Index>(), cols = number<Index>();
    m.resize(rows, cols);
    for (double& element : m.reshaped()) (*this)(element);
  }
  template <class T, class Each>
  void list(std::vector<T>& items, Each each) {
    items.resize(number<std::size_t>());
    for (T& item : items) each(item);
  }
  template <Plain T>
  T number() {
    T value;
    (*this)(value);
    return value;
  }

 private:
  const char* take(std::size_t size) {
    if (bytes_.size() - position_ < size) throw Error("the description of a plugin is incomplete");
    position_ += size;
    return bytes_.data() + position_ - size;
  }

  const std::string& bytes_;
  std::size_t position_ = 0;
};

void default_value(Writer& writer, const std::optional<OptionValue>& value) {
  writer(value.has_value());
  if (!value) return;
  writer(value->index());
  if (const auto* vector = std::get_if<Eigen::VectorXd>(&*value)) return writer(*vector);
  std::visit(
      [&](const auto& typed) {
        if constexpr (requires { writer(typed); }) writer(typed);
      },
      *value);
}

template <std::size_t I = 0>
OptionValue value_of_type(Reader& reader, std::size_t type) {
  if constexpr (I < std::variant_size_v<OptionValue>) {
    if (type != I) return value_of_type<I + 1>(reader, type);
    using T = std::variant_alternative_t<I, OptionValue>;
    if constexpr (std::is_same_v<T, Eigen::VectorXd>) {
      Eigen::MatrixXd column;
      reader(column);
      return Eigen::VectorXd(column.reshaped());
    } else {
      T value{};
      if constexpr (requires { reader(value); }) reader(value);
      return value;
    }
  } else {
    throw Error("the description of a plugin has a default of an unknown type");
  }
}

void default_value(Reader& reader, std::optional<OptionValue>& value) {
  if (reader.number<bool>()) value = value_of_type(reader, reader.number<std::size_t>());
}

/// The one list of fields, for both directions.
template <class Archive, class O>
void transfer_option(Archive& archive, O& option) {
  archive(option.name);
  archive(option.type);
  default_value(archive, option.standard);
  archive(option.is_required);
  archive.list(option.choices, [&](auto& choice) { archive(choice); });
  archive(option.lower);
  archive(option.upper);
  archive(option.lower_open);
  archive(option.upper_open);
  archive(option.unit_name);
  archive(option.help);
  archive.list(option.conditions, [&](auto& condition) {
    archive(condition.value);
    archive(condition.provides);
    archive(condition.needs_of_model);
    archive(condition.needs_of_family);
  });
}

template <class Archive, class Info>
void transfer(Archive& archive, Info& info) {
  archive(info.kind);
  archive(info.name);
  archive(info.summary);
  archive(info.source);
  archive(info.digest);
  archive(info.provides);
  archive(info.needs_of_model);
  archive(info.needs_of_family);
  archive(info.uses_family);
  archive(info.uses_optimizer);
  archive(info.population);
  archive.list(info.options, [&](auto& option) { transfer_option(archive, option); });
}

}  // namespace

std::string encode(const PluginInfo& info) {
  Writer writer;
  writer(info.file.string());
  transfer(writer, info);
  return std::move(writer.bytes);
}

PluginInfo decode_plugin_info(const std::string& bytes) {
  Reader reader(bytes);
  PluginInfo info;
  std::string file;
  reader(file);
  info.file = file;
  transfer(reader, info);
  return info;
}

}  // namespace elbow
