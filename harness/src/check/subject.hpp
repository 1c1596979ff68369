#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>

#include "plugins/plugin_info.hpp"

namespace elbow::check {

using OptionMap = std::map<std::string, OptionValue, std::less<>>;

/// A plugin's object together with the options that it may refer to for life.
template <class T>
class Made {
 public:
  Made(Options options, const std::function<std::unique_ptr<T>(const Options&)>& make)
      : options_(std::make_unique<Options>(std::move(options))), object_(make(*options_)) {}

  T& operator*() const { return *object_; }
  T* operator->() const { return object_.get(); }

 private:
  std::unique_ptr<Options> options_;
  std::unique_ptr<T> object_;
};

/// A plugin with resolved options, ready to be made. It is mapped at the first use.
struct Subject {
  PluginInfo info;
  OptionMap options;
  /// Where the names of options that it asks for are noted; null where nobody wants to know.
  std::set<std::string, std::less<>>* reads = nullptr;

  const Descriptor& descriptor() const;

  /// What it can do and needs with these options: what the descriptor says and what the values of
  /// options add.
  Ability provides() const;
  Ability needs_of_model() const;
  Ability needs_of_family() const;
  bool can(Ability ability) const { return includes(provides(), ability); }

  Made<Model> model(std::uint64_t replicate = 0, bool from_prior = false) const;
  Made<Family> family(Index dimension, Index context_dimension) const;
  Made<Estimator> estimator(Model& model, Family* family) const;
  Made<Optimizer> optimizer(std::span<Parameters* const> parameters, Index iterations) const;
  Made<Sampler> sampler(Model& model, Index chains, Index warmup, Index draws,
                        Family* fitted = nullptr) const;

 private:
  Options resolved() const;
};

/// What a check works on: the plugin, and others that can be made from their defaults alone, from
/// which a method's missing parts are chosen.
struct Bench {
  Subject subject;
  std::vector<Subject> others;

  /// The first plugin of that kind that can do all this; null when there is none. Plugins named in
  /// `preferred` come first.
  const Subject* find(Kind kind, Ability abilities,
                      const std::vector<std::string>& preferred = {}) const;
};

/// The stream of a check: always the same one.
RandomStream stream(std::string_view purpose, std::uint64_t replicate = 0);
/// Standard normal numbers of that stream. [rows x cols]
Eigen::MatrixXd normals(std::string_view purpose, Index rows, Index cols);

}  // namespace elbow::check
