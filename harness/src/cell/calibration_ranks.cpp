#include "cell/calibration_ranks.hpp"

#include <algorithm>
#include <cmath>
#include <elbow/math.hpp>

#include "cell/draw_groups.hpp"

namespace elbow {
namespace {

Eigen::MatrixXd constrained_by(Density& density, Draws z) {
  Eigen::MatrixXd x(variable_count(density.variables()), z.cols());
  density.constrain(z, x);
  return x;
}

void rank_draws(const Ingredients& cell, Draws z, Density& density, CellWriter& writer) {
  CalibrationRanks ranks(cell, variable_count(density.variables()));
  ranks.add(constrained_by(density, z));
  ranks.write(density.variables(), writer);
}

}  // namespace

CalibrationRanks::CalibrationRanks(const Ingredients& cell, Index variables)
    : wanted_(cell.evaluation.calibration_draws), ties_(cell.stream("calibration ties")) {
  if (wanted_ == 0) return;
  truth_ = cell.model->truth();
  if (truth_.size() != variables)
    throw Error("the model's truth: expected " + std::to_string(variables) + " numbers, found " +
                std::to_string(truth_.size()));
  below_ = equal_ = Eigen::VectorXd::Zero(variables);
}

void CalibrationRanks::add(Draws x) {
  if (wanted_ == 0) return;
  for (Index s = 0; s < x.cols(); ++s, ++count_)
    for (Index c = 0; c < truth_.size(); ++c) {
      below_[c] += x(c, s) < truth_[c];
      equal_[c] += x(c, s) == truth_[c];
    }
}

void CalibrationRanks::write(const std::vector<Variable>& variables, CellWriter& writer) const {
  if (wanted_ == 0 || count_ != wanted_) return;
  RandomStream ties = ties_;
  Eigen::VectorXd rank(truth_.size());
  for (Index c = 0; c < rank.size(); ++c)
    rank[c] = std::isnan(truth_[c]) ? not_a_number
                                    : below_[c] + double(ties.integer(Index(equal_[c]) + 1));
  Index first = 0;
  for (const Variable& variable : variables) {
    Variable ranked = variable;
    ranked.unit.clear();
    writer.array("calibration_rank", ranked, rank.segment(first, variable.size()));
    writer.array("calibration_truth", variable, truth_.segment(first, variable.size()));
    first += variable.size();
  }
}

SpacedDraws::SpacedDraws(Index wanted, Index chains, Index draws) : draws_(draws) {
  const double total = double(chains * draws);
  for (Index k = 0; k < wanted; ++k)
    places_.push_back(Index(std::floor((double(k) + 0.5) * total / double(wanted))));
}

bool SpacedDraws::takes(Index chain, Index draw) const {
  return std::binary_search(places_.begin(), places_.end(), chain * draws_ + draw);
}

void rank_in_family(const Ingredients& cell, Family& q, Density& density, CellWriter& writer) {
  const Index wanted = cell.evaluation.calibration_draws;
  if (wanted == 0) return;
  RandomStream stream = cell.stream("calibration");
  Eigen::MatrixXd noise(q.noise().rows(), wanted), z(density.dimension(), wanted);
  fill_noise(q.noise(), stream, noise);
  q.sample(noise, z, unwanted_vector());
  rank_draws(cell, z, density, writer);
}

Eigen::MatrixXd drawn_by_weights(const Particles& particles, Index wanted, RandomStream stream) {
  const Index count = particles.z.cols();
  Eigen::VectorXd log_weights = particles.log_weights;
  if (log_weights.size() == 0) log_weights = Eigen::VectorXd::Zero(count);
  const double total = log_sum_exp(log_weights);
  Eigen::MatrixXd z(particles.z.rows(), wanted);
  for (Index s = 0; s < wanted; ++s) {
    double left = stream.uniform();
    Index chosen = 0;
    while (chosen + 1 < count && left >= std::exp(log_weights[chosen] - total))
      left -= std::exp(log_weights[chosen++] - total);
    z.col(s) = particles.z.col(chosen);
  }
  return z;
}

void rank_in_particles(const Ingredients& cell, const Particles& particles, Density& density,
                       CellWriter& writer) {
  const Index wanted = cell.evaluation.calibration_draws;
  if (wanted == 0 || particles.z.cols() == 0) return;
  rank_draws(cell, drawn_by_weights(particles, wanted, cell.stream("calibration")), density,
             writer);
}

}  // namespace elbow
