#include "cell/draw_groups.hpp"

#include <elbow/error.hpp>

#include "plugins/shapes.hpp"

namespace elbow {
namespace {

/// What ArviZ's functions take as masks.
const std::vector<std::string> boolean_statistics = {"diverging"};

}  // namespace

Index variable_count(const std::vector<Variable>& variables) {
  Index count = 0;
  for (const Variable& variable : variables) {
    if (!variable.dims.empty() && variable.dims.size() != variable.shape.size())
      throw Error("variable \"" + variable.name + "\" has " +
                  std::to_string(variable.shape.size()) + " axes and names for " +
                  std::to_string(variable.dims.size()) + " of them");
    count += variable.size();
  }
  return count;
}

DrawGroups::DrawGroups(Density& density, Index chains, const std::vector<TraceField>& statistics,
                       const std::string& prefix, CellWriter& writer)
    : density_(density), variable_count_(elbow::variable_count(density.variables())) {
  posterior_ = &writer.draws(prefix + "posterior", density.variables(), chains);
  unconstrained_ = &writer.draws(prefix + "unconstrained_posterior",
                                 {{"z", {density.dimension()}, {}, ""}}, chains);
  statistics_ = &writer.statistics(prefix + "sample_stats", statistics, chains, boolean_statistics);
}

void DrawGroups::constrain(Draws z) {
  if (constrained_.cols() != z.cols()) constrained_.resize(variable_count_, z.cols());
  density_.constrain(z, constrained_);
}

void DrawGroups::append_across(Index first_chain, Draws z, Draws statistics) {
  constrain(z);
  for (Index i = 0; i < z.cols(); ++i) {
    posterior_->append(first_chain + i, constrained_.col(i));
    unconstrained_->append(first_chain + i, z.col(i));
    statistics_->append(first_chain + i, statistics.col(i));
  }
}

void DrawGroups::append(Index chain, Draws z, Draws statistics) {
  constrain(z);
  posterior_->append(chain, constrained_);
  unconstrained_->append(chain, z);
  statistics_->append(chain, statistics);
}

Parameters* trainable_parameters(Model& model) {
  if (LatentItems* items = model.latent_items()) return &items->parameters();
  if (Energy* energy = model.energy()) return &energy->parameters();
  return nullptr;
}

void write_parameters(const Parameters& parameters, const std::string& prefix, CellWriter& writer) {
  for (const BlockInfo& block : parameters.blocks()) {
    const Index size = block.rows * block.cols;
    Eigen::VectorXd values;
    if (block.scalar == Scalar::f64)
      values = parameters.f64().segment(block.offset, size);
    else
      values = parameters.f32().segment(block.offset, size).cast<double>();
    Variable variable{prefix + block.name, {block.rows}, {}, ""};
    if (block.cols != 1) variable.shape.push_back(block.cols);
    writer.array("vi_parameters", variable, values);
  }
}

void write_particles(const Particles& particles, Density& density, const std::string& prefix,
                     CellWriter& writer) {
  const Index n = particles.z.cols();
  Eigen::MatrixXd statistics(2, n);
  Eigen::VectorXd log_p(n);
  density.log_density(particles.z, log_p);
  statistics.row(0) = log_p.transpose();
  if (particles.log_weights.size() == n)
    statistics.row(1) = particles.log_weights.transpose();
  else
    statistics.row(1).setZero();
  DrawGroups groups(density, 1,
                    {{"lp", "log density of the target", "nats"},
                     {"log_weight", "log importance weight", "nats"}},
                    prefix, writer);
  groups.append(0, particles.z, statistics);
}

void write_data(const Model& model, CellWriter& writer) {
  const std::vector<Coordinate> coordinates = model.coordinates();
  const std::vector<DataArray> data = model.data();
  check_data(data, coordinates);
  for (const Coordinate& coordinate : coordinates) writer.coordinate(coordinate);
  for (const DataArray& array : data)
    writer.array(array.observed ? "observed_data" : "constant_data", array.variable, array.values);
}

}  // namespace elbow
