#pragma once

#include <dlfcn.h>

#include <elbow/elbow.hpp>
#include <map>
#include <memory>
#include <string>

/// Plugins as tests and benchmarks see them: the built library is mapped, and made with the options
/// given plus the defaults that its descriptor declares. Options are checked for name and type
/// only, so that what a plugin itself refuses can be tested too.
namespace elbow::test {

using OptionMap = std::map<std::string, OptionValue, std::less<>>;

/// Maps <plugins>/<folder of the kind>/<name>.so. @throws Error with the linker's reason.
inline const Descriptor& descriptor(Kind kind, const std::string& name) {
  static constexpr const char* folders[] = {"models", "families", "estimators", "optimizers",
                                            "samplers"};
  const std::string file =
      std::string(ELBOW_PLUGINS) + "/" + folders[std::size_t(kind)] + "/" + name + ".so";
  void* const library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) throw Error(dlerror());
  const std::string symbol = ELBOW_SYMBOL_PREFIX + std::to_string(ELBOW_ABI);
  const void* const alias = dlsym(library, symbol.c_str());
  if (!alias) throw Error(file + " has no symbol " + symbol);
  return **static_cast<const Descriptor* const*>(alias);
}

/// `given` over the declared defaults. An integer is accepted where a real number is declared.
inline Options resolve(const Descriptor& plugin, OptionMap given) {
  OptionMap resolved;
  for (const Option& option : plugin.options()) {
    auto found = given.extract(option.name);
    if (found.empty()) {
      if (option.is_required) throw Error("option " + option.name + " is required");
      if (option.standard) resolved.emplace(option.name, *option.standard);
      continue;
    }
    OptionValue value = std::move(found.mapped());
    if (const auto* whole = std::get_if<std::int64_t>(&value);
        whole && option.type == OptionType::real)
      value = double(*whole);
    resolved.emplace(option.name, std::move(value));
  }
  if (!given.empty())
    throw Error(std::string(plugin.name) + " has no option " + given.begin()->first);
  return Options(std::move(resolved));
}

/// A plugin's object with the options that it was made from.
template <class T>
class Built {
 public:
  template <class Make>
  Built(const Descriptor& plugin, OptionMap given, Make make)
      : options_(std::make_unique<Options>(resolve(plugin, std::move(given)))),
        object_(make(*options_)) {}

  T& operator*() const { return *object_; }
  T* operator->() const { return object_.get(); }

 private:
  std::unique_ptr<Options> options_;
  std::unique_ptr<T> object_;
};

/// A stream for tests: `seed` chooses it.
inline RandomStream stream(std::uint64_t seed, std::string_view purpose = "test") {
  return RandomStream(seed, 0, purpose);
}

inline Built<Model> model(const std::string& name, OptionMap options = {}, std::uint64_t seed = 1,
                          bool from_prior = false) {
  const Descriptor& plugin = descriptor(Kind::model, name);
  return {plugin, std::move(options), [&](const Options& resolved) {
            return plugin.make_model({resolved, stream(seed, "data"), from_prior});
          }};
}

/// Why a model refuses its options; "accepted" where it does not.
inline std::string refusal(const std::string& name, OptionMap options) {
  try {
    model(name, std::move(options));
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

inline Built<Family> family(const std::string& name, Index dimension, OptionMap options = {},
                            std::uint64_t seed = 1, Index context_dimension = 0,
                            Index second_dimension = 0) {
  const Descriptor& plugin = descriptor(Kind::family, name);
  return {plugin, std::move(options), [&](const Options& resolved) {
            return plugin.make_family(
                {resolved, dimension, context_dimension, stream(seed, "init"), second_dimension});
          }};
}

inline Built<Estimator> estimator(const std::string& name, Model& target, Family* fitted,
                                  OptionMap options = {}, std::uint64_t seed = 1) {
  const Descriptor& plugin = descriptor(Kind::estimator, name);
  return {plugin, std::move(options), [&](const Options& resolved) {
            return plugin.make_estimator({resolved, target, fitted, stream(seed, "init")});
          }};
}

/// @param iterations  the budget; 0 for none
inline Built<Optimizer> optimizer(const std::string& name, std::span<Parameters* const> parameters,
                                  OptionMap options = {}, Index iterations = 0) {
  const Descriptor& plugin = descriptor(Kind::optimizer, name);
  return {plugin, std::move(options), [&](const Options& resolved) {
            return plugin.make_optimizer({resolved, parameters, iterations});
          }};
}

inline Built<Sampler> sampler(const std::string& name, Model& target, Index chains, Index warmup,
                              Index draws, OptionMap options = {}, Family* fitted = nullptr) {
  const Descriptor& plugin = descriptor(Kind::sampler, name);
  return {plugin, std::move(options), [&](const Options& resolved) {
            return plugin.make_sampler({resolved, target, chains, warmup, draws, fitted});
          }};
}

}  // namespace elbow::test
