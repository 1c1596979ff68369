#pragma once

#include <elbow/model.hpp>
#include <memory>

#include "cell/matched_draws.hpp"

namespace elbow {

/// A model with draws of a trusted run in place of what it says of its posterior itself: their
/// moments, with the Monte-Carlo standard errors that their own effective sample sizes give, and
/// the draws. Variables that are missing among them are NaN, so that nothing compares them. The
/// evidence, a Gaussian and an exact sampler are the model's own.
class ReferencedModel final : public Model, private Reference {
 public:
  ReferencedModel(std::unique_ptr<Model> model, MatchedDraws draws);

  Density* density() override { return model_->density(); }
  LatentItems* latent_items() override { return model_->latent_items(); }
  Simulator* simulator() override { return model_->simulator(); }
  Energy* energy() override { return model_->energy(); }
  Conjugate* conjugate() override { return model_->conjugate(); }
  Reference* reference() override { return this; }
  Eigen::VectorXd truth() const override { return model_->truth(); }
  std::vector<DataArray> data() const override { return model_->data(); }
  std::vector<Coordinate> coordinates() const override { return model_->coordinates(); }

 private:
  std::optional<Estimate> log_evidence() const override;
  std::optional<Moments> moments() const override;
  std::optional<Gaussian> gaussian() const override;
  bool has_exact_sampler() const override;
  void sample(RandomStream& stream, DrawsOut z) const override;
  /// [C x S], one chain after another; rows of NaN for variables that are missing.
  Eigen::MatrixXd reference_draws() const override;

  std::unique_ptr<Model> model_;
  std::vector<Eigen::MatrixXd> chains_;     ///< each [draws x C]
  mutable std::optional<Moments> moments_;  ///< made when first asked for
};

}  // namespace elbow
