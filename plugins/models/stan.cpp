#include <elbow/elbow.hpp>

#include "stan/bridgestan_library.hpp"
#include "stan/printed_text.hpp"
#include "stan/variable_names.hpp"

namespace {

using namespace elbow;

std::vector<Option> options() {
  return {
      path("library", optional, "shared library that BridgeStan 2 made from a Stan program"),
      path("source", optional,
           "the .stan file itself, in place of a library; BridgeStan in $BRIDGESTAN "
           "compiles it once"),
      path("data", optional, "the program's data, a .json file as CmdStan takes it"),
      integer("seed", optional,
              "for random numbers in `transformed data`; without it every replicate has its own")
          .at_least(0)
          .at_most(4294967295),
      choice("include",
             {"parameters", "transformed_parameters", "generated_quantities", "everything"},
             "what is reported beside the parameters; generated quantities that are random are "
             "functions of the draw"),
  };
}

/// Points that are tried before a program is called hopeless, as many as Stan tries.
constexpr int most_tries = 100;

/// log p(theta(z), data) + log |d theta / d z| of a Stan program, constants kept. A point that the
/// program rejects, or where it gives no number, has density 0, as Stan treats a proposal.
class Stan final : public Model, public Density {
 public:
  explicit Stan(const ModelSetup& setup) : bridge_(library_of(setup.options)) {
    const std::string& include = setup.options.text("include");
    const bool everything = include == "everything";
    transformed_ = everything || include == "transformed_parameters";
    generated_ = everything || include == "generated_quantities";

    printed_text().last.clear();
    char* error = nullptr;
    if (bridge_.set_print(print_for_program, &error) != 0)
      throw Error("the Stan program's printing cannot be caught: " + bridge_.take(error));
    const std::string data = data_of(setup.options);
    RandomStream stream = setup.data_stream;
    const auto seed =
        unsigned(setup.options.has("seed") ? setup.options.integer("seed") : stream.bits() >> 32);
    program_.reset(bridge_.construct(data.c_str(), seed, &error));
    if (!program_) {
      const std::string what = data.empty()
                                   ? "the Stan program cannot be made, and no data is given: "
                                   : "the Stan program refuses its data " + data + ": ";
      throw OptionError(what + bridge_.take(error) + last_printed());
    }
    dimension_ = bridge_.dimension(program_.get());
    if (dimension_ < 1)
      throw Error("the Stan program has no parameters, nothing is to be inferred");
    variables_ = stan_variables(bridge_.parameter_names(program_.get(), transformed_, generated_));
    const Index count = bridge_.parameter_count(program_.get(), transformed_, generated_);
    if (count != Index(variables_.source.size()))
      throw Error("the Stan program has " + std::to_string(count) + " numbers and names for " +
                  std::to_string(variables_.source.size()));
    written_.resize(count);
    require_some_density(stream);
  }

  Density* density() override { return this; }
  Index dimension() const override { return dimension_; }
  std::vector<Variable> variables() const override { return variables_.variables; }

  void log_density(Draws z, VectorOut log_p) override {
    for (Index s = 0; s < z.cols(); ++s) log_p[s] = log_density_at(z.col(s).data());
  }

  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override {
    if (gradient.size() == 0) return log_density(z, log_p);
    for (Index s = 0; s < z.cols(); ++s) {
      char* error = nullptr;
      auto slope = gradient.col(s);
      const int status = bridge_.log_density_gradient(program_.get(), false, true, z.col(s).data(),
                                                      &log_p[s], slope.data(), &error);
      if (status == 0 && std::isfinite(log_p[s]) &&
          (slope.array() * 0).sum() == 0)  // 0 * number is 0 for numbers only
        continue;
      if (status != 0) note_rejection(bridge_.take(error));
      log_p[s] = -INFINITY;
      slope.setZero();
    }
  }

  void constrain(Draws z, DrawsOut x) const override {
    for (Index s = 0; s < z.cols(); ++s) {
      auto out = x.col(s);
      write(z.col(s), variables_.in_order ? out.data() : written_.data());
      if (variables_.in_order) continue;
      for (Index c = 0; c < out.size(); ++c) out[c] = written_[variables_.source[std::size_t(c)]];
    }
  }

 private:
  static std::string library_of(const Options& options) {
    const bool has_library = options.has("library"), has_source = options.has("source");
    if (has_library && has_source)
      throw OptionError("source and library are both given; leave one of them out");
    if (!has_library && !has_source)
      throw OptionError(
          "library or source must be given: a library that BridgeStan made, or the "
          "Stan program");
    const std::string& file = options.text(has_library ? "library" : "source");
    // The host puts the library in the place of a .stan file.
    if (has_source && !file.ends_with("_model.so"))
      throw OptionError("source must be a file whose name ends in .stan, got " + file);
    return file;
  }

  static std::string data_of(const Options& options) {
    if (!options.has("data")) return "";
    const std::string& file = options.text("data");
    if (!file.ends_with(".json"))
      throw OptionError("data must be a JSON file whose name ends in .json, got " + file);
    return file;
  }

  double log_density_at(const double* z) {
    char* error = nullptr;
    double log_p = 0;
    if (bridge_.log_density(program_.get(), false, true, z, &log_p, &error) != 0) {
      note_rejection(bridge_.take(error));
      return -INFINITY;
    }
    return std::isfinite(log_p) ? log_p : -INFINITY;
  }

  void note_rejection(std::string reason) {
    ++rejections_;
    last_rejection_ = std::move(reason);
  }

  /// A program that rejects every point has a fault that its writer must hear of.
  void require_some_density(RandomStream& stream) {
    Eigen::VectorXd z(dimension_);
    for (int i = 0; i < most_tries; ++i) {
      stream.fill_uniform(z);
      z = (2 * z.array() - 1) * (i < most_tries / 2 ? 2.0 : 0.1);
      if (std::isfinite(log_density_at(z.data()))) return;
    }
    throw Error("the Stan program's log density is finite at none of " +
                std::to_string(most_tries) + " random points within a radius of 2" +
                (rejections_ > 0 ? "; it last said: " + last_rejection_ : "") + last_printed());
  }

  /// Random numbers of generated quantities are a function of the draw, so that they depend neither
  /// on the order of the calls nor on which process makes them.
  static unsigned seed_of(const Eigen::Ref<const Eigen::VectorXd>& z) {
    std::uint64_t hash = 0x9e3779b97f4a7c15;
    for (const double coordinate : z) {
      hash ^= std::bit_cast<std::uint64_t>(coordinate);
      hash *= 0xff51afd7ed558ccd;
      hash ^= hash >> 32;
    }
    return unsigned(hash);
  }

  /// One draw in Stan's own order. What the program cannot compute at z is NaN; what does not
  /// depend on it is there all the same.
  void write(const Eigen::Ref<const Eigen::VectorXd>& z, double* out) const {
    char* error = nullptr;
    if (generated_) {
      const std::unique_ptr<BridgeStanLibrary::Numbers, void (*)(BridgeStanLibrary::Numbers*)>
          numbers(bridge_.numbers_construct(seed_of(z), &error), bridge_.numbers_destruct);
      if (!numbers) throw Error("the Stan program's random numbers: " + bridge_.take(error));
      if (write(z, true, out, numbers.get())) return;
    }
    std::fill_n(out, written_.size(), NAN);
    // Parameters come first, generated quantities last.
    if (transformed_ && write(z, false, out, nullptr)) return;
    if (bridge_.constrain(program_.get(), false, false, z.data(), out, nullptr, &error) == 0)
      return;
    bridge_.take(error);
    std::fill_n(out, written_.size(), NAN);
  }

  bool write(const Eigen::Ref<const Eigen::VectorXd>& z, bool generated, double* out,
             BridgeStanLibrary::Numbers* numbers) const {
    char* error = nullptr;
    if (bridge_.constrain(program_.get(), transformed_, generated, z.data(), out, numbers,
                          &error) == 0)
      return true;
    bridge_.take(error);
    return false;
  }

  BridgeStanLibrary bridge_;
  struct Destruct {
    const BridgeStanLibrary& bridge;
    void operator()(BridgeStanLibrary::Program* program) const { bridge.destruct(program); }
  };
  std::unique_ptr<BridgeStanLibrary::Program, Destruct> program_{nullptr, Destruct{bridge_}};
  bool transformed_ = false, generated_ = false;
  Index dimension_ = 0;
  StanVariables variables_;
  mutable Eigen::VectorXd written_;  ///< one draw in Stan's order
  std::int64_t rejections_ = 0;
  std::string last_rejection_;
};

}  // namespace

ELBOW_PLUGIN(Stan, options,
             {.name = "stan",
              .summary = "Any Stan program, through a library that BridgeStan made from it",
              .source = "Carpenter et al. 2017; Roualdes et al. 2023 (BridgeStan)",
              .provides = Ability::density | Ability::gradient})
