// Models that generate their data from their own prior.

#include <cmath>

#include "check/disagreement.hpp"
#include "check/suites.hpp"
#include "diagnostics/uniformity.hpp"

namespace elbow::check {
namespace {

constexpr std::uint64_t simulations = 200;
constexpr Index draws = 39;

Index variable_count(Model& model) {
  Index count = 0;
  for (const Variable& variable : model.density()->variables()) count += variable.size();
  return count;
}

Outcome sizes(const Subject& subject) {
  const Made<Model> plain = subject.model(), drawn = subject.model(0, true);
  if (!drawn->density()) return not_applicable("there is no density");
  if (plain->truth().size() != 0)
    return failed("a model whose data are not from its prior has a truth of ",
                  plain->truth().size(), " numbers");
  const Index expected = variable_count(*drawn), found = drawn->truth().size();
  return judge(found == expected, found, " numbers, the variables have ", expected);
}

Outcome replicates(const Subject& subject) {
  const Eigen::VectorXd once = subject.model(1, true)->truth(),
                        again = subject.model(1, true)->truth();
  const Eigen::VectorXd other = subject.model(2, true)->truth();
  if (!same_bits(once, again)) return failed("two models of one replicate have different truths");
  return judge(other.size() == 0 || !same_bits(once, other), "replicates 1 and 2");
}

/// The ranks of the truth among exact draws of the posterior are uniform (Talts et al. 2018,
/// theorem 1), whatever the data.
Outcome ranks(const Subject& subject) {
  std::vector<std::vector<Index>> ranks;
  for (std::uint64_t i = 0; i < simulations; ++i) {
    const Made<Model> model = subject.model(i, true);
    const Reference* reference = model->reference();
    if (!reference || !reference->has_exact_sampler() || !model->density())
      return not_applicable("there is no exact sampler");
    const Eigen::VectorXd truth = model->truth();
    RandomStream numbers = stream("exact draws", i);
    Eigen::MatrixXd z(model->density()->dimension(), draws), x(truth.size(), draws);
    reference->sample(numbers, z);
    model->density()->constrain(z, x);
    ranks.resize(std::size_t(truth.size()));
    for (Index c = 0; c < truth.size(); ++c)
      if (!std::isnan(truth[c]))
        ranks[std::size_t(c)].push_back((x.row(c).array() < truth[c]).count());
  }
  double smallest = 1;
  Index worst = 0;
  for (std::size_t c = 0; c < ranks.size(); ++c) {
    if (ranks[c].empty()) continue;
    const Uniformity test = uniformity(ranks[c], draws);
    if (std::min(test.chi_square_p, test.ecdf_p) >= smallest) continue;
    smallest = std::min(test.chi_square_p, test.ecdf_p);
    worst = Index(c);
  }
  // Two tests of every variable.
  const double adjusted = smallest * 2 * double(ranks.size());
  return judge(adjusted > 1e-3, simulations, " simulations, smallest p-value ", smallest,
               " of 2 x ", ranks.size(), ", of number ", worst);
}

}  // namespace

void check_prior_predictive(const Bench& bench, Report& report) {
  if (!bench.subject.can(Ability::prior_predictive)) return;
  const Subject& subject = bench.subject;
  report.check("the truth has a number for every variable", [&] { return sizes(subject); });
  report.check("the truth is a function of the replicate", [&] { return replicates(subject); });
  report.check("ranks of the truth among exact draws are uniform", [&] { return ranks(subject); });
}

}  // namespace elbow::check
