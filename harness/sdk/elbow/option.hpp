#pragma once

#include <cstdint>
#include <elbow/array.hpp>
#include <elbow/types.hpp>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace elbow {

/// A rectangular data set that the host has read from a file named by an option of type `table`.
struct Table {
  std::vector<std::string> columns;  ///< names, or "1", "2", ... for files without a header
  Eigen::MatrixXd values;            ///< [rows x columns]
};

/// What a plugin can do or needs. A descriptor combines them with `|`; an impossible pair of
/// plugins is refused while planning, with the missing ability's name in the reason.
enum class Ability : std::uint64_t {
  none = 0,
  // of models
  density = 1u << 0,       ///< Model::density()
  gradient = 1u << 1,      ///< Density::log_density_gradient
  minibatch = 1u << 2,     ///< Density::use_items
  latent_items = 1u << 3,  ///< Model::latent_items()
  simulator = 1u << 4,
  energy = 1u << 5,
  conjugate = 1u << 6,
  reference = 1u << 7,
  discrete = 1u << 8,  ///< the density lives on {0, 1}^D; needs a family that is discrete too
  prior_predictive = 1u << 9,  ///< ModelSetup::from_prior and Model::truth
  // of families
  reparameterized = 1u << 16,  ///< Family::sample_pullback
  log_prob = 1u << 17,         ///< a cheap Family::log_prob at any z
  closed_entropy = 1u << 18,
  gaussian_form = 1u << 19,
  closed_kl = 1u << 20,
  natural_gradient = 1u << 21,
  conditional = 1u << 22,
  discrete_draws = 1u << 23,     ///< draws in {0, 1}^D
  transport = 1u << 24,          ///< Family::transport_map()
  diagonal_gaussian = 1u << 25,  ///< Family::diagonal_gaussian()
  // of estimators
  unbiased_gradient = 1ull << 32,  ///< its mean is the gradient of the reported objective's mean
  amortizes = 1ull << 33,  ///< a model's latent_items do as well as a density and its gradient
};
constexpr Ability operator|(Ability a, Ability b) {
  return Ability(std::uint64_t(a) | std::uint64_t(b));
}
constexpr Ability operator&(Ability a, Ability b) {
  return Ability(std::uint64_t(a) & std::uint64_t(b));
}
constexpr Ability operator~(Ability a) { return Ability(~std::uint64_t(a)); }
constexpr bool includes(Ability all, Ability some) { return (all & some) == some; }

enum class OptionType {
  boolean,
  integer,
  real,
  text,
  choice,  ///< one of a list of names
  reals,   ///< a list of numbers
  matrix,  ///< a list of rows of numbers, all of one length
  path,   ///< a file, looked up next to the experiment file, then in $ELBOW_DATA; given as absolute
  table,  ///< a file that the host reads: CSV, whitespace-separated, or HDF5 (`file.h5:dataset`)
  array,  ///< a file that the host reads: IDX, NPY, HDF5 (`file.h5:dataset`) or CSV
};

/// The value of an option; `reals` and vectors are [n x 1]. Tables and arrays are shared, never
/// copied.
using OptionValue =
    std::variant<bool, std::int64_t, double, std::string, Eigen::VectorXd, Eigen::MatrixXd,
                 std::shared_ptr<const Table>, std::shared_ptr<const Array>>;

struct RequiredTag {};
struct OptionalTag {};
/// In place of a default: the experiment must give the option.
inline constexpr RequiredTag required{};
/// In place of a default: the option may be absent; ask `Options::has`.
inline constexpr OptionalTag optional{};

/// What a choice (or "true"/"false" of a boolean) changes about a plugin's abilities and needs.
struct Condition {
  std::string value;
  Ability provides = Ability::none;
  Ability needs_of_model = Ability::none;
  Ability needs_of_family = Ability::none;
};

/// The declaration of one option: all that the host needs to validate, fill in, store and explain
/// it. Bounds are on every element of `reals` and `matrix`.
class Option {
 public:
  std::string name;
  OptionType type;
  std::optional<OptionValue> standard;  ///< the default
  bool is_required = false;
  std::vector<std::string> choices;
  double lower = -std::numeric_limits<double>::infinity();
  double upper = std::numeric_limits<double>::infinity();
  bool lower_open = false, upper_open = false;
  std::string unit_name;
  std::string help;
  std::vector<Condition> conditions;

  Option&& at_least(double bound) && {
    lower = bound, lower_open = false;
    return std::move(*this);
  }
  Option&& above(double bound) && {
    lower = bound, lower_open = true;
    return std::move(*this);
  }
  Option&& at_most(double bound) && {
    upper = bound, upper_open = false;
    return std::move(*this);
  }
  Option&& below(double bound) && {
    upper = bound, upper_open = true;
    return std::move(*this);
  }
  Option&& unit(std::string text) && {
    unit_name = std::move(text);
    return std::move(*this);
  }
  /// With this value of the option the plugin provides or needs more than its descriptor says.
  Option&& when(Condition condition) && {
    conditions.push_back(std::move(condition));
    return std::move(*this);
  }
};

/// Declarations. The default is a value, `required` or `optional`.
Option boolean(std::string name, bool standard, std::string help);
Option integer(std::string name, std::int64_t standard, std::string help);
Option integer(std::string name, RequiredTag, std::string help);
Option integer(std::string name, OptionalTag, std::string help);
Option real(std::string name, double standard, std::string help);
Option real(std::string name, RequiredTag, std::string help);
Option real(std::string name, OptionalTag, std::string help);
Option text(std::string name, std::string standard, std::string help);
Option text(std::string name, OptionalTag, std::string help);
/// The first name is the default.
Option choice(std::string name, std::vector<std::string> names, std::string help);
Option reals(std::string name, std::vector<double> standard, std::string help);
Option reals(std::string name, RequiredTag, std::string help);
Option reals(std::string name, OptionalTag, std::string help);
Option matrix(std::string name, OptionalTag, std::string help);
Option path(std::string name, RequiredTag, std::string help);
Option path(std::string name, OptionalTag, std::string help);
Option table(std::string name, RequiredTag, std::string help);
Option table(std::string name, OptionalTag, std::string help);
Option array(std::string name, RequiredTag, std::string help);
Option array(std::string name, OptionalTag, std::string help);

/// The options of one plugin as the host resolved them: every declared option with a default is
/// there with its type. Asking for an undeclared name or another type is a bug of the plugin and
/// throws Error with the plugin's option named.
class Options {
 public:
  Options() = default;
  explicit Options(std::map<std::string, OptionValue, std::less<>> values)
      : values_(std::move(values)) {}

  bool has(std::string_view name) const {
    note(name);
    return values_.find(name) != values_.end();
  }
  bool boolean(std::string_view name) const;
  Index integer(std::string_view name) const;
  double real(std::string_view name) const;
  const std::string& text(std::string_view name) const;  ///< also choices and paths
  const Eigen::VectorXd& reals(std::string_view name) const;
  const Eigen::MatrixXd& matrix(std::string_view name) const;
  const Table& table(std::string_view name) const;
  /// Whoever keeps it shares it with the host, which keeps no other copy.
  const std::shared_ptr<const Array>& array(std::string_view name) const;

  /// From now on every name that is asked for is added to `names`, which must outlive this object
  /// and its copies. The conformance checks find options with it that are declared but never read.
  void record_reads(std::set<std::string, std::less<>>& names) { reads_ = &names; }

 private:
  void note(std::string_view name) const {
    if (reads_) reads_->emplace(name);
  }

  std::map<std::string, OptionValue, std::less<>> values_;
  std::set<std::string, std::less<>>* reads_ = nullptr;
};

}  // namespace elbow
