#include <elbow/error.hpp>
#include <elbow/iterate_average.hpp>

namespace elbow {

std::vector<Option> IterateAverage::options() {
  return {
      choice("averaging", {"polynomial", "none", "suffix"},
             "which iterates the reported estimate averages: all, weighted by iteration^power; "
             "none; the last fraction of the budget"),
      real("averaging_power", 8, "power of the polynomial averaging; higher: more recent iterates")
          .at_least(0),
      real("averaging_fraction", 0.25, "share of the budget that suffix averaging covers")
          .above(0)
          .at_most(1)};
}

IterateAverage::IterateAverage(const Options& options, std::span<Parameters* const> parameters,
                               Index iterations)
    : power_(options.real("averaging_power")), parameters_(parameters.begin(), parameters.end()) {
  const std::string& name = options.text("averaging");
  const double fraction = options.real("averaging_fraction");
  kind_ = name == "none" ? Kind::none : name == "suffix" ? Kind::suffix : Kind::polynomial;
  if (kind_ == Kind::suffix) {
    if (iterations <= 0)
      throw OptionError(
          "averaging \"suffix\" covers a fraction of the fit's budget of iterations, and the fit "
          "has none; expected a limit of iterations, or averaging \"polynomial\"");
    const double covered = std::ceil(fraction * double(iterations));
    first_ = iterations - std::max<Index>(1, Index(covered)) + 1;
  }
  if (kind_ == Kind::none) return;
  for (const Parameters* each : parameters_) averages_.emplace_back(*each);
}

double IterateAverage::weight() const {
  if (kind_ == Kind::polynomial) return (power_ + 1) / (double(iterate_ - origin_) + power_);
  return iterate_ <= first_ ? 1 : 1 / double(iterate_ - first_ + 1);
}

void IterateAverage::restart() {
  origin_ = iterate_;
  first_ = std::max(first_, iterate_ + 1);
}

void IterateAverage::update() {
  ++iterate_;
  if (kind_ == Kind::none || (kind_ == Kind::suffix && iterate_ < first_)) return;
  const double w = weight();
  for (std::size_t i = 0; i < averages_.size(); ++i) {
    averages_[i].f64() += w * (parameters_[i]->f64() - averages_[i].f64());
    averages_[i].f32() += float(w) * (parameters_[i]->f32() - averages_[i].f32());
  }
}

void IterateAverage::estimate(Index which, Eigen::Ref<Eigen::VectorXd> f64,
                              Eigen::Ref<Eigen::VectorXf> f32) const {
  if (kind_ == Kind::none || iterate_ < first_ || iterate_ == origin_) {
    f64 = parameters_[which]->f64();
    f32 = parameters_[which]->f32();
  } else {
    f64 = averages_[which].f64();
    f32 = averages_[which].f32();
  }
}

}  // namespace elbow
