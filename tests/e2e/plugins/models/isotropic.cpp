#include <elbow/elbow.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  std::vector<Option> all;
  all.push_back(integer("dimension", 2, "D").at_least(1));
  all.push_back(boolean("nowhere", false, "a density of zero everywhere"));
  all.push_back(table("centres", optional, "a table whose first row is the mean"));
  all.push_back(array("images", optional, "an array whose first item is the mean"));
  return all;
}

/// A standard normal, about the first row of a table or the first item of an array where one is
/// given.
class Isotropic : public Model, public Density {
 public:
  explicit Isotropic(const ModelSetup& setup)
      : nowhere_(setup.options.boolean("nowhere")),
        mean_(Eigen::VectorXd::Zero(setup.options.integer("dimension"))) {
    if (setup.options.has("centres"))
      mean_ = setup.options.table("centres").values.row(0).transpose();
    if (setup.options.has("images")) {
      const Array& images = *setup.options.array("images");
      Eigen::MatrixXf first(images.item_size(), 1);
      images.gather(std::vector<Index>{0}, first);
      mean_ = first.col(0).cast<double>();
    }
  }

  Density* density() override { return this; }
  Index dimension() const override { return mean_.size(); }
  std::vector<Variable> variables() const override { return {{"x", {mean_.size()}, {}, ""}}; }
  void log_density(Draws z, VectorOut log_p) override {
    log_p = -0.5 * (z.colwise() - mean_).colwise().squaredNorm().transpose();
    if (nowhere_) log_p.setConstant(-infinity);
    log_p.array() -= 0.5 * double(mean_.size()) * log_2pi;
  }

 private:
  bool nowhere_;
  Eigen::VectorXd mean_;
};

}  // namespace

ELBOW_PLUGIN(Isotropic, options,
             {.name = "isotropic",
              .summary = "a standard normal, for tests of the host",
              .provides = Ability::density})
