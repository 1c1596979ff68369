#pragma once

#include <cstdint>
#include <elbow/error.hpp>
#include <elbow/estimator.hpp>
#include <elbow/family.hpp>
#include <elbow/model.hpp>
#include <elbow/optimizer.hpp>
#include <elbow/sampler.hpp>
#include <memory>
#include <vector>

// The symbol's name carries the number, so that an older or newer plugin is recognised without
// mapping it.
#define ELBOW_ABI 1
#define ELBOW_SYMBOL_PREFIX "elbow_plugin_abi_"

#ifndef ELBOW_SDK_HASH
#error "Build plugins with elbow_add_plugin(), which sets ELBOW_SDK_HASH and the vector flags."
#endif

namespace elbow {

enum class Kind : std::uint32_t { model, family, estimator, optimizer, sampler };

/// What two binaries must have in common to exchange C++ objects. The descriptor holds it as
/// integers and C strings, so that it can be read whatever the other side was built with.
struct BuildTag {
  std::uint32_t gxx_abi_version = __GXX_ABI_VERSION;
#ifdef _GLIBCXX_USE_CXX11_ABI
  std::uint32_t cxx11_abi = _GLIBCXX_USE_CXX11_ABI;
#else
  std::uint32_t cxx11_abi = 0;
#endif
#ifdef _GLIBCXX_DEBUG
  std::uint32_t glibcxx_debug = 1;
#else
  std::uint32_t glibcxx_debug = 0;
#endif
  std::uint32_t eigen_version =
      EIGEN_WORLD_VERSION * 10000 + EIGEN_MAJOR_VERSION * 100 + EIGEN_MINOR_VERSION;
  std::uint32_t eigen_alignment = EIGEN_MAX_ALIGN_BYTES;
  char sdk_hash[20] = ELBOW_SDK_HASH;  ///< of the SDK's headers
};

/// The one thing that a plugin exports. `size` and `tag` are read first, and the rest only if they
/// match.
struct Descriptor {
  std::uint32_t size;
  std::uint32_t abi;
  BuildTag tag;
  Kind kind;
  const char*
      name;  ///< as in experiments; the library is <name>.so in a folder named after the kind
  const char* summary;      ///< one line
  const char* source;       ///< paper and equation, or ""
  Ability provides;         ///< what models and families offer
  Ability needs_of_model;   ///< what families, estimators and samplers ask for
  Ability needs_of_family;  ///< what estimators (and samplers that follow a fit) ask for
  bool uses_family;         ///< estimators: an experiment must name a family
  bool uses_optimizer;      ///< estimators: an experiment must name an optimizer
  bool population;          ///< samplers: the block is one population, not independent chains
  std::vector<Option> (*options)();
  std::unique_ptr<Model> (*make_model)(const ModelSetup&);
  std::unique_ptr<Family> (*make_family)(const FamilySetup&);
  std::unique_ptr<Estimator> (*make_estimator)(const EstimatorSetup&);
  std::unique_ptr<Optimizer> (*make_optimizer)(const OptimizerSetup&);
  std::unique_ptr<Sampler> (*make_sampler)(const SamplerSetup&);
};

/// What a registration line says of a plugin; fields that do not apply to the kind are left out.
struct Registration {
  const char* name;
  const char* summary;
  const char* source = "";
  Ability provides = Ability::none;
  Ability needs_of_model = Ability::none;
  Ability needs_of_family = Ability::none;
  bool uses_family = true;
  bool uses_optimizer = true;
  bool population = false;
};

template <class Plugin>
constexpr Descriptor describe(const Registration& r, std::vector<Option> (*options)()) {
  Descriptor d{};
  d.size = sizeof(Descriptor);
  d.abi = ELBOW_ABI;
  d.name = r.name;
  d.summary = r.summary;
  d.source = r.source;
  d.provides = r.provides;
  d.needs_of_model = r.needs_of_model;
  d.needs_of_family = r.needs_of_family;
  d.population = r.population;
  d.options = options;
  if constexpr (std::is_base_of_v<Model, Plugin>) {
    d.kind = Kind::model;
    d.make_model = [](const ModelSetup& s) -> std::unique_ptr<Model> {
      return std::make_unique<Plugin>(s);
    };
  } else if constexpr (std::is_base_of_v<Family, Plugin>) {
    d.kind = Kind::family;
    d.make_family = [](const FamilySetup& s) -> std::unique_ptr<Family> {
      return std::make_unique<Plugin>(s);
    };
  } else if constexpr (std::is_base_of_v<Estimator, Plugin>) {
    d.kind = Kind::estimator;
    d.uses_family = r.uses_family;
    d.uses_optimizer = r.uses_optimizer;
    d.make_estimator = [](const EstimatorSetup& s) -> std::unique_ptr<Estimator> {
      return std::make_unique<Plugin>(s);
    };
  } else if constexpr (std::is_base_of_v<Optimizer, Plugin>) {
    d.kind = Kind::optimizer;
    d.make_optimizer = [](const OptimizerSetup& s) -> std::unique_ptr<Optimizer> {
      return std::make_unique<Plugin>(s);
    };
  } else {
    static_assert(std::is_base_of_v<Sampler, Plugin>,
                  "a plugin is a Model, Family, Estimator, Optimizer or Sampler");
    d.kind = Kind::sampler;
    d.make_sampler = [](const SamplerSetup& s) -> std::unique_ptr<Sampler> {
      return std::make_unique<Plugin>(s);
    };
  }
  return d;
}

}  // namespace elbow

/// The registration line of a plugin, at the end of its file and outside every namespace:
///
///     ELBOW_PLUGIN(Adam, options, {.name = "adam", .summary = "...", .source = "Kingma & Ba
///     2015"})
///
/// It exports the one symbol that the host looks for: a pointer to the descriptor in the section
/// that Boost.DLL's `library_info` lists, in the form of a BOOST_DLL_ALIAS.
#define ELBOW_PLUGIN(Class, options_function, ...) \
  ELBOW_PLUGIN_ABI(ELBOW_ABI, Class, options_function, __VA_ARGS__)
#define ELBOW_PLUGIN_ABI(abi, Class, options_function, ...) \
  ELBOW_PLUGIN_EXPORT(abi, Class, options_function, __VA_ARGS__)
#define ELBOW_PLUGIN_EXPORT(abi, Class, options_function, ...)                   \
  static constexpr elbow::Descriptor elbow_descriptor =                          \
      elbow::describe<Class>(elbow::Registration __VA_ARGS__, options_function); \
  extern "C" __attribute__((visibility("default"), used, section("elbow")))      \
  const void* const elbow_plugin_abi_##abi = &elbow_descriptor;
