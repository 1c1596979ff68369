#include "check/suites.hpp"

namespace elbow::check {

std::vector<Suite> suites_for(Kind kind) {
  std::vector<Suite> suites = {{"descriptor", check_descriptor_text}, {"options", check_options}};
  const auto add = [&](std::initializer_list<Suite> more) {
    suites.insert(suites.end(), more.begin(), more.end());
  };
  switch (kind) {
    case Kind::model:
      add({{"facets", check_model_facets},
           {"data", check_model_data},
           {"density", check_density},
           {"gradient", check_density_gradient},
           {"edges", check_density_edges},
           {"minibatch", check_minibatch},
           {"reference", check_reference},
           {"latent items", check_latent_items},
           {"simulator", check_simulator},
           {"energy", check_energy},
           {"conjugate", check_conjugate},
           {"prior predictive", check_prior_predictive}});
      break;
    case Kind::family:
      add({{"facets", check_family_facets},
           {"sampling", check_family_sampling},
           {"pull-backs", check_family_pullbacks},
           {"score", check_family_score},
           {"entropy", check_family_entropy},
           {"Gaussian form", check_gaussian_form},
           {"closed KL", check_closed_kl},
           {"natural gradient", check_natural_gradient},
           {"conditional", check_conditional},
           {"diagonal Gaussian", check_diagonal_gaussian},
           {"transport", check_transport}});
      break;
    case Kind::estimator:
      add({{"steps", check_estimator_steps},
           {"gradient", check_estimator_gradient},
           {"end of a fit", check_estimator_end}});
      break;
    case Kind::optimizer:
      add({{"optimizer", check_optimizer}});
      break;
    case Kind::sampler:
      add({{"moments", check_sampler_moments},
           {"streams", check_sampler_streams},
           {"support", check_sampler_support}});
      break;
  }
  return suites;
}

}  // namespace elbow::check
