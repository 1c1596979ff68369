#pragma once

#include <elbow/model.hpp>
#include <memory>
#include <vector>

#include "plan/plan.hpp"

namespace elbow {

/// The latents of chosen items of a model with latent items as what is to be inferred, its
/// parameters fixed: log p(z_1, ..., z_n, x_1, ..., x_n; theta) as a density over the n Dz numbers
/// of all z, one item behind the other. Its evidence is the sum of the items' log p(x; theta);
/// where the model's likelihood counts some of an item's numbers only, they are what is conditioned
/// on.
class ItemPosterior final : public Model, public Density {
 public:
  /// @param model     a prior that is made of an encoder's posteriors has been given them
  /// @param settings  of ModelVariant, with `posterior_of`
  /// @param stream    the noise of the data, where they have noise
  /// @throws Error naming what is wrong with the items, or that the model has none
  ItemPosterior(std::unique_ptr<Model> model, const Json& settings, RandomStream stream);

  Density* density() override { return this; }
  std::vector<DataArray> data() const override;
  std::vector<Coordinate> coordinates() const override { return {{item_axis(), labels_}}; }

  Index dimension() const override { return count_ * latents_; }
  /// z with the axes (item, latent).
  std::vector<Variable> variables() const override;
  void log_density(Draws z, VectorOut log_p) override;
  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override;
  void constrain(Draws z, DrawsOut x) const override;

  Index items() const { return count_; }
  /// Of the model that the items are of.
  const LatentItems& latents() const { return items_; }
  /// What an encoder sees of the items. [C x items]
  Context features() const { return items_.features(); }
  /// "image" where an item has rows and columns, "item" otherwise.
  std::string item_axis() const;
  /// The variable that an item is.
  Variable item() const { return items_.item(); }
  /// Which of an item's numbers are conditioned on; empty: all.
  const Eigen::VectorXd& observed() const { return observed_; }
  /// The means of p(x | z; theta) of one draw. @param z [D]  @param[out] x  [item size x items]
  void decode(Vector z, DrawsOut x) const;

 private:
  void evaluate(Draws z, VectorOut log_p);

  std::unique_ptr<Model> model_;
  LatentItems& items_;
  Index count_, latents_;
  std::vector<std::string> labels_;
  Eigen::MatrixXd values_;                             ///< [item size x items]
  Eigen::VectorXd observed_;                           ///< [item size], or empty
  Eigen::MatrixXd columns_, g_columns_;                ///< [Dz x items S]
  Eigen::VectorXd log_likelihood_, log_prior_, ones_;  ///< [items S]
};

}  // namespace elbow
