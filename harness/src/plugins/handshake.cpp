#include "plugins/handshake.hpp"

#include <cstring>
#include <elbow/error.hpp>

#include "plugins/plugin_info.hpp"

namespace elbow {
namespace {

class Differences {
 public:
  void compare(const char* what, std::uint32_t program, std::uint32_t plugin) {
    if (program != plugin) add(what, std::to_string(program), std::to_string(plugin));
  }
  void add(const char* what, const std::string& program, const std::string& plugin) {
    if (!text_.empty()) text_ += "; ";
    text_ += std::string(what) + ": expected " + program + ", found " + plugin;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string hash_text(const BuildTag& tag) {
  return {tag.sdk_hash, strnlen(tag.sdk_hash, sizeof tag.sdk_hash)};
}

void check_tag(const BuildTag& plugin, const std::string& where) {
  const BuildTag program;
  Differences differences;
  differences.compare("compiler ABI (__GXX_ABI_VERSION)", program.gxx_abi_version,
                      plugin.gxx_abi_version);
  differences.compare("C++11 ABI of the standard library (_GLIBCXX_USE_CXX11_ABI)",
                      program.cxx11_abi, plugin.cxx11_abi);
  differences.compare("debug mode of the standard library (_GLIBCXX_DEBUG)", program.glibcxx_debug,
                      plugin.glibcxx_debug);
  differences.compare("Eigen version", program.eigen_version, plugin.eigen_version);
  differences.compare("Eigen alignment in bytes (set by -march)", program.eigen_alignment,
                      plugin.eigen_alignment);
  if (hash_text(program) != hash_text(plugin))
    differences.add("SDK headers", hash_text(program), hash_text(plugin));
  if (!differences.text().empty())
    throw Error(where + ": built differently from this program: " + differences.text() +
                "; rebuild it with this program's elbow_add_plugin()");
}

std::string text_or_null(const char* text) {
  return text ? '"' + std::string(text) + '"' : std::string("none");
}

bool has_factory(const Descriptor& d) {
  switch (d.kind) {
    case Kind::model:
      return d.make_model;
    case Kind::family:
      return d.make_family;
    case Kind::estimator:
      return d.make_estimator;
    case Kind::optimizer:
      return d.make_optimizer;
    case Kind::sampler:
      return d.make_sampler;
  }
  return false;
}

}  // namespace

void check_descriptor(const Descriptor& descriptor, Kind expected_kind,
                      const std::string& expected_name, const std::string& where) {
  if (descriptor.size != sizeof(Descriptor))
    throw Error(where + ": size of the descriptor: expected " + std::to_string(sizeof(Descriptor)) +
                " bytes, found " + std::to_string(descriptor.size) +
                " bytes; rebuild the plugin with this program's SDK");
  if (descriptor.abi != ELBOW_ABI)
    throw Error(where + ": plugin ABI: expected " + std::to_string(ELBOW_ABI) + ", found " +
                std::to_string(descriptor.abi));
  check_tag(descriptor.tag, where);
  if (descriptor.kind != expected_kind) {
    const bool known = std::uint32_t(descriptor.kind) <= std::uint32_t(Kind::sampler);
    throw Error(
        where + ": kind: expected " + kind_name(expected_kind) + " (from the folder), found " +
        (known ? kind_name(descriptor.kind) : std::to_string(std::uint32_t(descriptor.kind))));
  }
  if (!descriptor.name || descriptor.name != expected_name)
    throw Error(where + ": name: expected \"" + expected_name + "\" (from the file), found " +
                text_or_null(descriptor.name));
  if (!descriptor.summary || !descriptor.source)
    throw Error(where + ": expected a summary and a source (possibly empty), found none");
  if (!descriptor.options) throw Error(where + ": expected a function of options, found none");
  if (!has_factory(descriptor))
    throw Error(where + ": expected a factory for a " + kind_name(expected_kind) + ", found none");
}

}  // namespace elbow
