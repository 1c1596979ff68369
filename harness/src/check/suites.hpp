#pragma once

#include "check/report.hpp"
#include "check/subject.hpp"

namespace elbow::check {

/// A named group of checks on one facet. Each runs in a process of its own.
struct Suite {
  std::string name;
  void (*run)(const Bench&, Report&);
};

/// The suites for a kind, in the order in which they run.
std::vector<Suite> suites_for(Kind kind);

void check_descriptor_text(const Bench&, Report&);
void check_options(const Bench&, Report&);

void check_model_facets(const Bench&, Report&);
void check_model_data(const Bench&, Report&);
void check_density(const Bench&, Report&);
void check_density_gradient(const Bench&, Report&);
void check_density_edges(const Bench&, Report&);
void check_minibatch(const Bench&, Report&);
void check_reference(const Bench&, Report&);
void check_latent_items(const Bench&, Report&);
void check_simulator(const Bench&, Report&);
void check_energy(const Bench&, Report&);
void check_conjugate(const Bench&, Report&);
void check_prior_predictive(const Bench&, Report&);

void check_family_facets(const Bench&, Report&);
void check_family_sampling(const Bench&, Report&);
void check_family_pullbacks(const Bench&, Report&);
void check_family_score(const Bench&, Report&);
void check_family_entropy(const Bench&, Report&);
void check_gaussian_form(const Bench&, Report&);
void check_closed_kl(const Bench&, Report&);
void check_natural_gradient(const Bench&, Report&);
void check_conditional(const Bench&, Report&);
void check_diagonal_gaussian(const Bench&, Report&);
void check_transport(const Bench&, Report&);

void check_estimator_steps(const Bench&, Report&);
void check_estimator_gradient(const Bench&, Report&);
void check_estimator_end(const Bench&, Report&);

void check_optimizer(const Bench&, Report&);

void check_sampler_moments(const Bench&, Report&);
void check_sampler_streams(const Bench&, Report&);
void check_sampler_support(const Bench&, Report&);

}  // namespace elbow::check
