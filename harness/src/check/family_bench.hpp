#pragma once

#include "check/suites.hpp"

namespace elbow::check {

/// The first of `least`, 2 `least`, ... 64 `least` in which the family can be made: options may
/// name coordinates, which fewer dimensions do not have.
/// @throws OptionError, of `least` dimensions, if there is none.
Index roomy_dimension(const Subject& subject, Index least = 4);

/// A family in few dimensions, away from its starting parameters, with two contexts bound where it
/// is conditional. Columns belong to the contexts in halves.
class FamilyBench {
 public:
  static constexpr Index context_dimension = 3;

  explicit FamilyBench(const Subject& subject) : FamilyBench(subject, roomy_dimension(subject)) {}
  FamilyBench(const Subject& subject, Index dimension);

  Family& operator*() const { return *family_; }
  Family* operator->() const { return &*family_; }
  Index dimension() const { return dimension_; }
  bool conditional() const { return conditional_; }
  /// What the family's densities and draws are computed in.
  Scalar scalar() const;

  /// Prepares for blocks of `draws` columns: half for each context.
  void bind(Index draws);
  /// Prepares for blocks of `draws` columns that all belong to one context.
  void bind_one(Index context, Index draws);
  /// The most recent of these again, as the contract asks for after a change of the parameters.
  void rebind() const;
  /// The contexts that are bound. [C x 1 or 2]
  Eigen::MatrixXf& bound() { return bound_; }

  Eigen::MatrixXd noise(Index draws, std::string_view purpose = "noise") const;
  struct Sample {
    Eigen::MatrixXd z;      ///< [D x S]
    Eigen::VectorXd log_q;  ///< [S]
  };
  Sample sample(Draws noise) const;
  Eigen::VectorXd log_prob(Draws z) const;

 private:
  bool conditional_;
  Index dimension_;
  Made<Family> family_;
  Eigen::MatrixXf contexts_;  ///< [C x 2]
  Eigen::MatrixXf bound_;
  Index draws_per_context_ = 0;  ///< 0: nothing is bound
};

}  // namespace elbow::check
