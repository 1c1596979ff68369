#include "cell/item_posterior.hpp"

#include <cmath>
#include <elbow/error.hpp>
#include <elbow/math.hpp>

namespace elbow {
namespace {

LatentItems& items_of(Model& model) {
  if (LatentItems* items = model.latent_items()) return *items;
  throw Error("the model has no latent items whose posterior could be asked for");
}

LatentItems::Split split_named(const std::string& name) {
  return name == "train"        ? LatentItems::Split::train
         : name == "validation" ? LatentItems::Split::validation
                                : LatentItems::Split::test;
}

std::vector<Index> chosen_items(const Json& choice, const LatentItems& items) {
  const std::string split = choice.at("split");
  const Index available = items.item_count(split_named(split));
  std::vector<Index> chosen;
  for (const double number : choice.at("items").get<std::vector<double>>()) {
    const bool is_whole = number == std::floor(number);
    if (!is_whole || number >= double(available))
      throw Error("items must be whole numbers from 0 to " + std::to_string(available - 1) +
                  ", the " + std::to_string(available) + " items of the split \"" + split +
                  "\", got " + Json(number).dump());
    chosen.push_back(Index(number));
  }
  if (chosen.empty()) throw Error("items must not be empty");
  return chosen;
}

}  // namespace

ItemPosterior::ItemPosterior(std::unique_ptr<Model> model, const Json& settings,
                             RandomStream stream)
    : model_(std::move(model)), items_(items_of(*model_)), latents_(items_.latent_dimension()) {
  const Json& choice = settings.at("posterior_of");
  const std::vector<Index> chosen = chosen_items(choice, items_);
  count_ = Index(chosen.size());
  for (const Index item : chosen) labels_.push_back(std::to_string(item));
  items_.use_items(split_named(choice.at("split")), chosen, stream);
  values_.resize(item().size(), count_);
  items_.values(values_);
  observed_ = items_.observed();
  // What is missing has no value, whatever the model keeps in its place.
  for (Index i = 0; i < observed_.size(); ++i)
    if (observed_[i] == 0) values_.row(i).setConstant(not_a_number);
}

std::string ItemPosterior::item_axis() const {
  return item().dims == std::vector<std::string>{"row", "column"} ? "image" : "item";
}

std::vector<Variable> ItemPosterior::variables() const {
  return {{"z", {count_, latents_}, {item_axis(), "latent"}, ""}};
}

std::vector<DataArray> ItemPosterior::data() const {
  const Variable one = item();
  Variable all = one;
  // A stored array cannot have the name of its own dimension.
  if (all.name == item_axis()) all.name = "chosen_" + all.name;
  all.shape.insert(all.shape.begin(), count_);
  if (!all.dims.empty()) all.dims.insert(all.dims.begin(), item_axis());
  // Column-major with the items first.
  std::vector<DataArray> arrays = {{all, values_.transpose().reshaped(), true}};
  if (observed_.size() > 0)
    arrays.push_back({{"observed", one.shape, one.dims, ""}, observed_, false});
  return arrays;
}

void ItemPosterior::evaluate(Draws z, VectorOut log_p) {
  const Index draws = z.cols(), all = count_ * draws;
  if (columns_.cols() != all) {
    columns_.resize(latents_, all);
    g_columns_.resize(latents_, all);
    for (Eigen::VectorXd* v : {&log_likelihood_, &log_prior_}) v->resize(all);
    ones_.setOnes(all);
  }
  for (Index i = 0; i < count_; ++i)
    columns_.middleCols(i * draws, draws) = z.middleRows(i * latents_, latents_);
  items_.log_joint(columns_, log_likelihood_, log_prior_);
  log_p.setZero();
  for (Index i = 0; i < count_; ++i)
    log_p += log_likelihood_.segment(i * draws, draws) + log_prior_.segment(i * draws, draws);
}

void ItemPosterior::log_density(Draws z, VectorOut log_p) {
  evaluate(z, log_p);
  mark_outside_support(z, log_p, unwanted());
}

void ItemPosterior::log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) {
  evaluate(z, log_p);
  items_.log_joint_pullback(ones_, ones_, GradientOut(), g_columns_);
  for (Index i = 0; i < count_; ++i)
    gradient.middleRows(i * latents_, latents_) = g_columns_.middleCols(i * z.cols(), z.cols());
  mark_outside_support(z, log_p, gradient);
}

void ItemPosterior::constrain(Draws z, DrawsOut x) const {
  for (Index s = 0; s < z.cols(); ++s)
    x.col(s).reshaped(count_, latents_) = z.col(s).reshaped(latents_, count_).transpose();
}

void ItemPosterior::decode(Vector z, DrawsOut x) const {
  const Eigen::MatrixXd columns = z.reshaped(latents_, count_);
  items_.decode(columns, x);
}

}  // namespace elbow
