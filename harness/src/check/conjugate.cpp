// Models with complete conditionals in exponential families.

#include <elbow/family.hpp>
#include <numeric>

#include "check/disagreement.hpp"
#include "check/mean.hpp"
#include "check/points.hpp"

namespace elbow::check {
namespace {

constexpr int sweeps = 5;

void start(Conjugate& conjugate) {
  RandomStream numbers = stream("start");
  conjugate.initialize(numbers);
}

void sweep(Conjugate& conjugate) {
  for (Index b = 0; b < conjugate.block_count(); ++b) conjugate.update_block(b);
}

Eigen::VectorXd natural(Conjugate& conjugate) {
  Eigen::VectorXd lambda = Eigen::VectorXd::Constant(conjugate.natural_dimension(), NAN);
  conjugate.natural_parameters(lambda);
  return lambda;
}

Outcome ascent(Conjugate& conjugate) {
  start(conjugate);
  double before = conjugate.elbo();
  const double first = before;
  for (int s = 0; s < sweeps; ++s)
    for (Index b = 0; b < conjugate.block_count(); ++b) {
      conjugate.update_block(b);
      const double after = conjugate.elbo();
      if (!(after >= before - 1e-10 * std::max(1.0, std::abs(before))))
        return failed("block ", b, " of sweep ", s, " lowers the ELBO by ", before - after,
                      " from ", before);
      before = after;
    }
  return passed(sweeps, " sweeps of ", conjugate.block_count(), " blocks, from ", first, " to ",
                before);
}

Outcome round_trip(Conjugate& conjugate) {
  start(conjugate);
  sweep(conjugate);
  const Eigen::VectorXd kept = natural(conjugate);
  if (!kept.allFinite()) return failed("natural parameters are not all finite");
  const double elbo = conjugate.elbo();
  conjugate.set_natural_parameters(kept);
  const Disagreement worst = worst_disagreement(natural(conjugate), kept, 1e-10);
  if (!worst.none()) return judge(worst, "natural parameter");
  const double gap = std::abs(conjugate.elbo() - elbo);
  return judge(gap <= 1e-9 * std::max(1.0, std::abs(elbo)), kept.size(),
               " numbers, the ELBO differs by ", gap);
}

/// At a fixed point of the sweep, a minibatch of all items estimates the very same parameters.
Outcome all_items(Conjugate& conjugate) {
  start(conjugate);
  for (int s = 0; s < 500; ++s) sweep(conjugate);
  const Eigen::VectorXd fixed = natural(conjugate);
  std::vector<Index> items(std::size_t(conjugate.item_count()));
  std::iota(items.begin(), items.end(), Index(0));
  Eigen::VectorXd estimate = Eigen::VectorXd::Constant(fixed.size(), NAN);
  conjugate.estimate_natural_parameters(items, estimate);
  return judge(worst_disagreement(estimate, fixed, 1e-6), "natural parameter");
}

Outcome start_from_stream(Conjugate& conjugate) {
  start(conjugate);
  const Eigen::VectorXd one = natural(conjugate);
  sweep(conjugate);
  start(conjugate);
  return judge(same_bits(one, natural(conjugate)), "two starts from one stream");
}

/// The exact ELBO against the mean of log p - log q over the approximation's own draws.
Outcome monte_carlo(const Bench& bench, Model& model) {
  Conjugate& conjugate = *model.conjugate();
  Density* density = model.density();
  if (!density || bench.subject.can(Ability::discrete))
    return not_applicable("there is no density over R^D");
  start(conjugate);
  for (int s = 0; s < sweeps; ++s) sweep(conjugate);
  Family& q = conjugate.approximation();
  if (q.dimension() != density->dimension())
    return failed("approximation() has D = ", q.dimension(), ", the density ",
                  density->dimension());
  const Index draws = 4000;
  Eigen::MatrixXd noise(q.noise().rows(), draws), z(q.dimension(), draws);
  Eigen::VectorXd log_q(draws), log_p(draws);
  RandomStream numbers = stream("noise");
  fill_noise(q.noise(), numbers, noise);
  q.sample(noise, z, log_q);
  density->log_density(z, log_p);
  const Estimate bound = mean_of(log_p - log_q);
  const double exact = conjugate.elbo();
  // A density with local variables summed out can only be above the bound that keeps them.
  return judge(bound.value >= exact - standard_errors * bound.standard_error - 1e-9, "exact ELBO ",
               exact, ", Monte Carlo ", bound.value, " (se ", bound.standard_error, ")");
}

}  // namespace

void check_conjugate(const Bench& bench, Report& report) {
  if (!bench.subject.can(Ability::conjugate)) return;
  const Made<Model> model = bench.subject.model();
  Conjugate* conjugate = model->conjugate();
  if (!conjugate) return;  // reported by the suite "facets"
  report.check("no coordinate update lowers the ELBO", [&] { return ascent(*conjugate); });
  report.check("natural parameters make a round trip", [&] { return round_trip(*conjugate); });
  report.check("a minibatch of all items gives the coordinate optimum",
               [&] { return all_items(*conjugate); });
  report.check("the start is a function of its stream",
               [&] { return start_from_stream(*conjugate); });
  report.check("the exact ELBO is no larger than its Monte-Carlo estimate",
               [&] { return monte_carlo(bench, *model); });
}

}  // namespace elbow::check
