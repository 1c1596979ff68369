#pragma once

#include <elbow/conjugate.hpp>
#include <elbow/density.hpp>
#include <elbow/energy.hpp>
#include <elbow/latent_items.hpp>
#include <elbow/option.hpp>
#include <elbow/random.hpp>
#include <elbow/reference.hpp>
#include <elbow/simulator.hpp>
#include <vector>

namespace elbow {

/// What a model is made from.
struct ModelSetup {
  const Options& options;
  /// For generated data: a function of the experiment's seed, the model and the replicate only, so
  /// that every method of a replicate sees the same data.
  RandomStream data_stream;
  /// For simulation-based calibration: the model draws its parameters from its prior, and then in
  /// place of its observations data given these parameters, all from `data_stream`. What is not
  /// modelled (covariates, known scales, the number of items) stays what the options make it. Set
  /// only for models with the ability `prior_predictive`.
  bool from_prior = false;
};

/// What is to be inferred. Every ability is a facet: a pointer that is null where the model does
/// not have it. The facets live as long as the model, and the descriptor declares which there are.
/// Thread-safe: no. Models neither print nor open files; data come in through options of the types
/// `table` and `array`.
class Model {
 public:
  virtual ~Model() = default;

  virtual Density* density() { return nullptr; }
  virtual LatentItems* latent_items() { return nullptr; }
  virtual Simulator* simulator() { return nullptr; }
  virtual Energy* energy() { return nullptr; }
  virtual Conjugate* conjugate() { return nullptr; }
  virtual Reference* reference() { return nullptr; }

  /// The parameters that the data were generated from, made with `ModelSetup::from_prior`; empty
  /// otherwise. In the order of Density::variables; NaN for a variable that has no true value (the
  /// label of a mixture's component). [C]
  virtual Eigen::VectorXd truth() const { return {}; }

  /// What the result file stores of the data. Called once per cell.
  virtual std::vector<DataArray> data() const { return {}; }
  /// Labels of named dimensions used by the variables or the data.
  virtual std::vector<Coordinate> coordinates() const { return {}; }
};

}  // namespace elbow
