#include "cell/completions.hpp"

#include "cell/calibration_ranks.hpp"

namespace elbow {

Completions::Completions(const Ingredients& cell) : posterior_(cell.posterior) {
  if (posterior_) wanted_ = cell.model_variant.settings.at("posterior_of").at("completions");
}

void Completions::add(Vector z) {
  decoded_.emplace_back(posterior_->item().size(), posterior_->items());
  posterior_->decode(z, decoded_.back());
}

void Completions::write(CellWriter& writer) const {
  if (decoded_.empty()) return;
  const Variable item = posterior_->item();
  const Index items = posterior_->items(), draws = Index(decoded_.size());
  Variable all{"decoded", {items, draws}, {posterior_->item_axis(), "completion"}, item.unit};
  all.shape.insert(all.shape.end(), item.shape.begin(), item.shape.end());
  if (item.dims.empty())
    for (std::size_t axis = 0; axis < item.shape.size(); ++axis)
      all.dims.push_back(item.name + "_dim_" + std::to_string(axis));
  all.dims.insert(all.dims.end(), item.dims.begin(), item.dims.end());
  // Column-major, with the items first.
  Eigen::MatrixXd values(items * draws, item.size());
  for (Index d = 0; d < draws; ++d)
    values.middleRows(d * items, items) = decoded_[std::size_t(d)].transpose();
  writer.array("completions", all, values.reshaped());
}

void complete_from_family(const Ingredients& cell, Family& q, CellWriter& writer) {
  Completions completions(cell);
  if (completions.draws_wanted() == 0) return;
  RandomStream stream = cell.stream("completions");
  Eigen::MatrixXd noise(q.noise().rows(), completions.draws_wanted());
  Eigen::MatrixXd z(q.dimension(), completions.draws_wanted());
  fill_noise(q.noise(), stream, noise);
  q.sample(noise, z, unwanted_vector());
  for (Index s = 0; s < z.cols(); ++s) completions.add(z.col(s));
  completions.write(writer);
}

void complete_from_particles(const Ingredients& cell, const Particles& particles,
                             CellWriter& writer) {
  Completions completions(cell);
  if (completions.draws_wanted() == 0 || particles.z.cols() == 0) return;
  const Eigen::MatrixXd z =
      drawn_by_weights(particles, completions.draws_wanted(), cell.stream("completions"));
  for (Index s = 0; s < z.cols(); ++s) completions.add(z.col(s));
  completions.write(writer);
}

}  // namespace elbow
