#include <elbow/design_matrix.hpp>
#include <elbow/elbow.hpp>
#include <elbow/logit_tiles.hpp>
#include <set>
#include <sstream>

namespace {

using namespace elbow;

std::vector<Option> options() {
  std::vector<Option> all = design_options();
  all.push_back(
      real("prior_scale", 1.0, "standard deviation of every coefficient a priori").above(0));
  all.push_back(choice("precision", {"f64", "f32"}, "arithmetic within a tile of rows"));
  all.push_back(integer("tile_rows", 0, "rows worked on at a time; 0: as many as fit 256 KB")
                    .at_least(0)
                    .at_most(1 << 20));
  return all;
}

/// Signs of the labels, whose coding is 0/1, 1/2 or -1/1.
Eigen::VectorXd signs_of(const Eigen::VectorXd& labels) {
  const std::set<double> found(labels.begin(), labels.end());
  for (const auto& [negative, positive] : {std::pair{0.0, 1.0}, {1.0, 2.0}, {-1.0, 1.0}}) {
    std::set<double> coding = {negative, positive};
    coding.insert(found.begin(), found.end());
    if (coding.size() == 2)
      return (labels.array() == positive).select(Eigen::VectorXd::Ones(labels.size()), -1);
  }
  std::ostringstream text;
  text << "the response must be coded 0/1, 1/2 or -1/1, got the " << found.size() << " values";
  Index shown = 0;
  for (const double value : found) {
    if (shown++ == 10) break;
    text << (shown > 1 ? ", " : " ") << value;
  }
  if (found.size() > 10) text << ", ...";
  throw OptionError(text.str());
}

/// y_i ~ Bernoulli(sigmoid(x_i . beta)), beta ~ N(0, prior_scale^2 I), in the arithmetic of T.
template <class T>
class Posterior final : public Density {
 public:
  Posterior(const Options& options, const DesignMatrix& design, const Eigen::VectorXd& sign)
      : prior_scale_(options.real("prior_scale")),
        all_(design.x.cols(), options.integer("tile_rows")),
        chosen_(design.x.cols(), options.integer("tile_rows")) {
    all_.assign(design.x, sign);
  }

  Index dimension() const override { return all_.columns(); }
  std::vector<Variable> variables() const override {
    return {{"beta", {dimension()}, {"coefficient"}, ""}};
  }

  void log_density(Draws z, VectorOut log_p) override {
    log_density_gradient(z, log_p, unwanted());
  }
  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override {
    const double precision = 1 / (prior_scale_ * prior_scale_);
    log_p = -0.5 * precision * z.colwise().squaredNorm().transpose();
    log_p.array() -= double(dimension()) * (0.5 * log_2pi + std::log(prior_scale_));
    if (gradient.size() > 0) gradient = -precision * z;
    active_->add_log_likelihood(weight_, z, log_p, gradient);
    mark_outside_support(z, log_p, gradient);
  }

  Index item_count() const override { return all_.rows(); }
  void use_items(std::span<const Index> items) override {
    if (items.empty()) {
      active_ = &all_;
      weight_ = 1;
      return;
    }
    chosen_.assign(all_, items);
    active_ = &chosen_;
    weight_ = double(all_.rows()) / double(items.size());
  }

 private:
  double prior_scale_;
  LogitTiles<T> all_, chosen_;
  LogitTiles<T>* active_ = &all_;
  double weight_ = 1;
};

class LogisticRegression final : public Model {
 public:
  explicit LogisticRegression(const ModelSetup& setup) {
    const Options& o = setup.options;
    DesignMatrix design = design_matrix(o, setup.data_stream.substream(0));
    from_prior_ = setup.from_prior;
    if (o.has("data") && !from_prior_) {
      sign_ = signs_of(design.response);
    } else {
      truth_.resize(design.x.cols());
      setup.data_stream.substream(1).fill_normal(truth_);
      truth_ *= o.real("prior_scale");
      RandomStream coin = setup.data_stream.substream(2);
      sign_ = design.x * truth_;
      for (double& margin : sign_) margin = coin.uniform() < sigmoid(margin) ? 1 : -1;
    }
    if (o.text("precision") == "f32")
      posterior_ = std::make_unique<Posterior<float>>(o, design, sign_);
    else
      posterior_ = std::make_unique<Posterior<double>>(o, design, sign_);
    names_ = std::move(design.names);
    if (design.x.size() <= stored_numbers) x_ = std::move(design.x);
  }

  Density* density() override { return posterior_.get(); }

  Eigen::VectorXd truth() const override { return from_prior_ ? truth_ : Eigen::VectorXd(); }

  /// The covariates are among the data up to a million numbers; larger ones stay in their file.
  std::vector<DataArray> data() const override {
    const Index items = sign_.size();
    const Index coefficients = posterior_->dimension();
    std::vector<DataArray> all = {
        {{"y", {items}, {"item"}, ""}, (sign_.array() > 0).cast<double>(), true}};
    if (x_.size() > 0)
      all.push_back(
          {{"x", {items, coefficients}, {"item", "coefficient"}, ""}, x_.reshaped(), false});
    if (truth_.size() > 0)
      all.push_back({{"true_beta", {coefficients}, {"coefficient"}, ""}, truth_, false});
    return all;
  }
  std::vector<Coordinate> coordinates() const override { return {{"coefficient", names_}}; }

 private:
  static constexpr Index stored_numbers = 1'000'000;
  std::unique_ptr<Density> posterior_;
  Eigen::VectorXd sign_, truth_;
  bool from_prior_;
  Eigen::MatrixXd x_;
  std::vector<std::string> names_;
};

}  // namespace

ELBOW_PLUGIN(LogisticRegression, options,
             {.name = "logistic_regression",
              .summary = "Bernoulli responses with a logit link and normal coefficients",
              .provides = Ability::density | Ability::gradient | Ability::minibatch |
                          Ability::prior_predictive})
