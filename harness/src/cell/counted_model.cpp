#include "cell/counted_model.hpp"

#include <cmath>

namespace elbow {

class CountedModel::CountedDensity final : public Density {
 public:
  CountedDensity(Density& density, Counts& counts) : density_(density), counts_(counts) {}

  Index dimension() const override { return density_.dimension(); }
  std::vector<Variable> variables() const override { return density_.variables(); }
  void log_density(Draws z, VectorOut log_p) override {
    counts_.densities += z.cols();
    density_.log_density(z, log_p);
    count_rejections(log_p);
  }
  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override {
    counts_.gradients += z.cols();
    density_.log_density_gradient(z, log_p, gradient);
    count_rejections(log_p);
  }
  void constrain(Draws z, DrawsOut x) const override { density_.constrain(z, x); }
  Index item_count() const override { return density_.item_count(); }
  void use_items(std::span<const Index> items) override { density_.use_items(items); }

 private:
  void count_rejections(const VectorOut& log_p) {
    for (const double value : log_p) counts_.rejections += !(value > -INFINITY);
  }

  Density& density_;
  Counts& counts_;
};

/// Every draw of an item counts as one density, or as one gradient once it is pulled back.
class CountedModel::CountedItems final : public LatentItems {
 public:
  CountedItems(LatentItems& items, Counts& counts) : items_(items), counts_(counts) {}

  Index item_count(Split split) const override { return items_.item_count(split); }
  Index latent_dimension() const override { return items_.latent_dimension(); }
  Index second_dimension() const override { return items_.second_dimension(); }
  Index feature_dimension() const override { return items_.feature_dimension(); }
  Parameters& parameters() override { return items_.parameters(); }
  void use_items(Split split, std::span<const Index> items, RandomStream stream) override {
    items_.use_items(split, items, stream);
  }
  void dream(RandomStream stream, DrawsOut z) override {
    counts_.simulations += z.cols();
    items_.dream(stream, z);
  }
  Context features() const override { return items_.features(); }
  void log_joint(Draws z, VectorOut log_likelihood, VectorOut log_prior) override {
    counts_.densities += z.cols();
    draws_ = z.cols();
    items_.log_joint(z, log_likelihood, log_prior);
    for (const double value : log_likelihood) counts_.rejections += !(value > -INFINITY);
  }
  void log_joint_pullback(Vector likelihood_weights, Vector prior_weights, GradientOut theta,
                          DrawsOut g_z) override {
    counts_.densities -= draws_;
    counts_.gradients += draws_;
    draws_ = 0;
    items_.log_joint_pullback(likelihood_weights, prior_weights, theta, g_z);
  }
  GaussianPrior* gaussian_prior() override { return items_.gaussian_prior(); }
  MixturePrior* mixture_prior() override { return items_.mixture_prior(); }
  KnownEvidence* known_evidence() override { return items_.known_evidence(); }
  Variable item() const override { return items_.item(); }
  void decode(Draws z, DrawsOut x) override { items_.decode(z, x); }
  void values(DrawsOut x) override { items_.values(x); }
  Eigen::VectorXd observed() const override { return items_.observed(); }

 private:
  LatentItems& items_;
  Counts& counts_;
  Index draws_ = 0;  ///< of the most recent log_joint, until it is pulled back
};

class CountedModel::CountedSimulator final : public Simulator {
 public:
  CountedSimulator(Simulator& simulator, Counts& counts) : simulator_(simulator), counts_(counts) {}

  Index parameter_dimension() const override { return simulator_.parameter_dimension(); }
  Index data_dimension() const override { return simulator_.data_dimension(); }
  std::vector<Variable> parameters() const override { return simulator_.parameters(); }
  Eigen::VectorXd lower() const override { return simulator_.lower(); }
  Eigen::VectorXd upper() const override { return simulator_.upper(); }
  void sample_prior(std::span<RandomStream> streams, DrawsOut theta) override {
    simulator_.sample_prior(streams, theta);
  }
  void log_prior(Draws theta, VectorOut log_p, DrawsOut gradient) override {
    simulator_.log_prior(theta, log_p, gradient);
  }
  void simulate(Draws theta, std::span<RandomStream> streams, DrawsOut x) override {
    counts_.simulations += theta.cols();
    simulator_.simulate(theta, streams, x);
  }
  Eigen::VectorXd observation() const override { return simulator_.observation(); }

 private:
  Simulator& simulator_;
  Counts& counts_;
};

CountedModel::CountedModel(Model& model) : model_(model) {
  if (Density* density = model.density())
    density_ = std::make_unique<CountedDensity>(*density, counts_);
  if (LatentItems* items = model.latent_items())
    items_ = std::make_unique<CountedItems>(*items, counts_);
  if (Simulator* simulator = model.simulator())
    simulator_ = std::make_unique<CountedSimulator>(*simulator, counts_);
}

CountedModel::~CountedModel() = default;

void CountedModel::add(const Counts& others) {
  counts_.densities += others.densities;
  counts_.gradients += others.gradients;
  counts_.simulations += others.simulations;
  counts_.rejections += others.rejections;
}

Density* CountedModel::density() { return density_.get(); }
LatentItems* CountedModel::latent_items() { return items_.get(); }
Simulator* CountedModel::simulator() { return simulator_.get(); }

}  // namespace elbow
