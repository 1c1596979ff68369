// Data items with latents of their own.

#include <elbow/math.hpp>
#include <numeric>

#include "check/allocations.hpp"
#include "check/mean.hpp"
#include "check/pullback.hpp"
#include "check/suites.hpp"

namespace elbow::check {
namespace {

using Split = LatentItems::Split;
constexpr Index draws_per_item = 2;

std::vector<Index> some_items(LatentItems& latents, Split split) {
  std::vector<Index> items(std::size_t(std::min<Index>(3, latents.item_count(split))));
  std::iota(items.begin(), items.end(), Index(0));
  return items;
}

/// The same data noise every time.
void choose(LatentItems& latents, std::span<const Index> items, Split split = Split::train) {
  latents.use_items(split, items, stream("data noise"));
}

struct Joint {
  Eigen::VectorXd likelihood, prior;  ///< [S]
};

Joint log_joint(LatentItems& latents, Draws z) {
  Joint joint{Eigen::VectorXd::Constant(z.cols(), 12345),
              Eigen::VectorXd::Constant(z.cols(), 12345)};
  latents.log_joint(z, joint.likelihood, joint.prior);
  return joint;
}

Outcome splits(LatentItems& latents) {
  std::string counts;
  const Index size = latents.item().size();
  for (const Split split : {Split::train, Split::validation, Split::test}) {
    const auto items = some_items(latents, split);
    counts += say(counts.empty() ? "" : " / ", latents.item_count(split));
    if (items.empty()) continue;
    choose(latents, items, split);
    const Eigen::MatrixXf features = latents.features();
    if (features.rows() != latents.feature_dimension() || features.cols() != Index(items.size()))
      return failed("features() is ", features.rows(), " x ", features.cols(), ", expected ",
                    latents.feature_dimension(), " x ", items.size());
    if (!features.allFinite()) return failed("features are not finite");
    Eigen::MatrixXd values = Eigen::MatrixXd::Constant(size, Index(items.size()), NAN);
    latents.values(values);
    if (!values.allFinite()) return failed("values() does not write finite numbers everywhere");
  }
  const Eigen::VectorXd observed = latents.observed();
  if (observed.size() > 0 && observed.size() != size)
    return failed("observed() has ", observed.size(), " numbers, an item has ", size);
  return judge(latents.item_count(Split::train) > 0, counts, " items to train / validate / test");
}

Outcome blocks(LatentItems& latents, std::span<const Index> items, const Eigen::MatrixXd& z) {
  // Data noise is a function of the batch, so that items are told apart by the draws of one batch.
  choose(latents, items);
  const Joint together = log_joint(latents, z);
  Eigen::MatrixXd reversed(z.rows(), z.cols());
  for (Index b = 0; b < Index(items.size()); ++b)
    for (Index k = 0; k < draws_per_item; ++k)
      reversed.col(b * draws_per_item + k) = z.col(b * draws_per_item + draws_per_item - 1 - k);
  const Joint other = log_joint(latents, reversed);
  Eigen::VectorXd expected(z.cols());
  for (Index s = 0; s < z.cols(); ++s) {
    const Index b = s / draws_per_item, k = s % draws_per_item;
    expected[s] = other.likelihood[b * draws_per_item + draws_per_item - 1 - k];
  }
  return judge(worst_disagreement(together.likelihood, expected, 1e-5), "draw");
}

Outcome prior(LatentItems& latents, std::span<const Index> items, const Eigen::MatrixXd& z) {
  choose(latents, items);
  const Joint both = log_joint(latents, z);
  Eigen::VectorXd alone = Eigen::VectorXd::Constant(z.cols(), 12345);
  latents.log_joint(z, alone, unwanted_vector());
  const Disagreement likelihood = worst_disagreement(alone, both.likelihood, 1e-6);
  if (!likelihood.none()) return judge(likelihood, "with the prior not wanted: draw");
  alone.setConstant(12345);
  latents.log_joint(z, unwanted_vector(), alone);
  const Disagreement same = worst_disagreement(alone, both.prior, 1e-6);
  if (!same.none()) return judge(same, "with the likelihood not wanted: draw");
  // The prior knows no data: the same z with the items in another order has the same one.
  std::vector<Index> reversed(items.rbegin(), items.rend());
  choose(latents, reversed);
  return judge(worst_disagreement(log_joint(latents, z).prior, both.prior, 1e-6), "draw");
}

Outcome decode(LatentItems& latents, const Eigen::MatrixXd& z) {
  const Index size = latents.item().size();
  Eigen::MatrixXd x = Eigen::MatrixXd::Constant(size, z.cols(), NAN);
  latents.decode(z, x);
  return judge(x.allFinite(), "items of ", size, " numbers");
}

Outcome repeats(LatentItems& latents, std::span<const Index> items) {
  choose(latents, items);
  const Eigen::MatrixXf first = latents.features();
  choose(latents, items);
  if (!same_bits(first.cast<double>(), latents.features().cast<double>()))
    return failed("features differ");
  Eigen::MatrixXd z(latents.latent_dimension(), 4), again(latents.latent_dimension(), 4);
  latents.dream(stream("dream"), z);
  const Eigen::MatrixXf dreamt = latents.features();
  latents.dream(stream("dream"), again);
  return judge(
      same_bits(z, again) && same_bits(dreamt.cast<double>(), latents.features().cast<double>()),
      "one stream, twice: items of the data and of a dream");
}

/// Draws of the model itself give the score a mean of zero: E d log p(x, z; theta) / d theta = 0.
Outcome dreams(LatentItems& latents) {
  constexpr Index batches = 60, batch = 50;
  Parameters& theta = latents.parameters();
  Gradient gradient(theta);
  const Index size = theta.size(), directions = std::min<Index>(4, size);
  const Eigen::MatrixXd u = normals("directions", size, directions).colwise().normalized();
  Eigen::MatrixXd z(latents.latent_dimension(), batch), slopes(batches, directions);
  Eigen::VectorXd likelihood(batch), prior(batch);
  const Eigen::VectorXd ones = Eigen::VectorXd::Constant(batch, 1.0 / double(batch));
  for (Index r = 0; r < batches; ++r) {
    latents.dream(stream("dream", std::uint64_t(r)), z);
    latents.log_joint(z, likelihood, prior);
    if (!likelihood.allFinite() || !prior.allFinite())
      return failed("log_joint of what was drawn is not finite");
    gradient.set_zero();
    latents.log_joint_pullback(ones, ones, gradient.out(), unwanted());
    slopes.row(r) = numbers_of(gradient).transpose() * u;
  }
  FarthestPair farthest;
  for (Index k = 0; k < directions; ++k)
    farthest.add(say("direction ", k), mean_of(slopes.col(k)), {});
  return farthest.outcome();
}

Outcome gaussian_prior(LatentItems& latents, const Eigen::MatrixXd& z) {
  GaussianPrior& gaussian = *latents.gaussian_prior();
  const Index size = latents.latent_dimension();
  Eigen::VectorXd mean(size), log_sd(size);
  const Eigen::VectorXd found = log_joint(latents, z).prior;
  gaussian.moments(mean, log_sd);
  Eigen::VectorXd expected = Eigen::VectorXd::Zero(z.cols());
  for (Index s = 0; s < z.cols(); ++s)
    for (Index d = 0; d < size; ++d)
      expected[s] += log_normal(z(d, s), mean[d], std::exp(log_sd[d]));
  const Disagreement same = worst_disagreement(found, expected, 1e-5);
  if (!same.none()) return judge(same, "draw");
  const Eigen::VectorXd g_mean = normals("g_mean", size, 1).col(0);
  const Eigen::VectorXd g_log_sd = normals("g_log_sd", size, 1).col(0);
  Gradient gradient(latents.parameters());
  gaussian.pullback(g_mean, g_log_sd, gradient.out());
  return judge_gradient(latents.parameters(), gradient, [&] {
    gaussian.moments(mean, log_sd);
    return g_mean.dot(mean) + g_log_sd.dot(log_sd);
  });
}

Outcome mixture_prior(LatentItems& latents, const Eigen::MatrixXd& z) {
  MixturePrior& mixture = *latents.mixture_prior();
  const Index size = latents.latent_dimension(), count = mixture.pseudo_inputs().cols();
  if (mixture.pseudo_inputs().rows() != latents.feature_dimension())
    return failed("pseudo-inputs have ", mixture.pseudo_inputs().rows(), " numbers, features ",
                  latents.feature_dimension());
  const Eigen::MatrixXd means = normals("means", size, count);
  const Eigen::MatrixXd log_sds = 0.3 * normals("log_sds", size, count);
  mixture.set_components(means, log_sds);
  const Eigen::VectorXd found = log_joint(latents, z).prior;
  Eigen::VectorXd expected(z.cols()), terms(count);
  for (Index s = 0; s < z.cols(); ++s) {
    terms.setZero();
    for (Index p = 0; p < count; ++p)
      for (Index d = 0; d < size; ++d)
        terms[p] += log_normal(z(d, s), means(d, p), std::exp(log_sds(d, p)));
    expected[s] = log_mean_exp(terms);
  }
  const Disagreement same = worst_disagreement(found, expected, 1e-5);
  if (!same.none()) return judge(same, "draw");
  // The components' gradients, as if means and log sds were parameters.
  Parameters components;
  const BlockId<double> mean_block = components.add("means", size, count);
  const BlockId<double> log_sd_block = components.add("log_sds", size, count);
  components.matrix(mean_block) = means;
  components.matrix(log_sd_block) = log_sds;
  const Eigen::VectorXd weights = normals("weights", z.cols(), 1).col(0);
  Gradient theta(latents.parameters());
  latents.log_joint_pullback(Eigen::VectorXd::Zero(z.cols()), weights, theta.out(), unwanted());
  Gradient claimed(components);
  Eigen::MatrixXd g_mean(size, count), g_log_sd(size, count);
  mixture.components_gradient(g_mean, g_log_sd);
  claimed.out().matrix(mean_block) = g_mean;
  claimed.out().matrix(log_sd_block) = g_log_sd;
  const Outcome gradients = judge_gradient(components, claimed, [&] {
    mixture.set_components(components.matrix(mean_block), components.matrix(log_sd_block));
    return weights.dot(log_joint(latents, z).prior);
  });
  if (gradients.verdict != Verdict::passed) return gradients;
  const Eigen::MatrixXf g = normals("g", latents.feature_dimension(), count).cast<float>();
  theta.set_zero();
  mixture.pseudo_inputs_pullback(g, theta.out());
  return judge_gradient(latents.parameters(), theta, [&] {
    return mixture.pseudo_inputs().cwiseProduct(g).cast<double>().sum();
  });
}

/// The gradient of likelihood + 0.7 prior, of each alone, and of both when the other's block was
/// not wanted.
void check_pullbacks(LatentItems& latents, const Eigen::MatrixXd& z, Report& report) {
  Joint joint{Eigen::VectorXd(z.cols()), Eigen::VectorXd(z.cols())};
  const Scalar scalar = latents.parameters().f32().size() > 0 ? Scalar::f32 : Scalar::f64;
  const Pullback both{&latents.parameters(),
                      [&](Draws at, VectorOut value) {
                        latents.log_joint(at, joint.likelihood, joint.prior);
                        value = joint.likelihood + 0.7 * joint.prior;
                      },
                      [&](Vector weights, GradientOut theta, DrawsOut g_z) {
                        const Eigen::VectorXd prior = 0.7 * weights;
                        latents.log_joint_pullback(weights, prior, theta, g_z);
                      }};
  check_pullback(report, "log_joint", both, z, scalar);
  const Pullback likelihood{
      &latents.parameters(),
      [&](Draws at, VectorOut value) { latents.log_joint(at, value, unwanted_vector()); },
      [&](Vector weights, GradientOut theta, DrawsOut g_z) {
        latents.log_joint_pullback(weights, unwanted_vector(), theta, g_z);
      }};
  check_pullback(report, "the likelihood", likelihood, z, scalar);
  const Pullback prior{
      &latents.parameters(),
      [&](Draws at, VectorOut value) { latents.log_joint(at, unwanted_vector(), value); },
      [&](Vector weights, GradientOut theta, DrawsOut g_z) {
        latents.log_joint_pullback(unwanted_vector(), weights, theta, g_z);
      }};
  check_pullback(report, "the prior", prior, z, scalar);
}

}  // namespace

void check_latent_items(const Bench& bench, Report& report) {
  if (!bench.subject.can(Ability::latent_items)) return;
  const Made<Model> model = bench.subject.model();
  LatentItems* latents = model->latent_items();
  if (!latents) return;  // reported by the suite "facets"
  report.check("there are items to train on, with finite features and values",
               [&] { return splits(*latents); });
  perturb(latents->parameters(), 0.05);
  const std::vector<Index> items = some_items(*latents, Split::train);
  const Eigen::MatrixXd z =
      normals("latents", latents->latent_dimension(), draws_per_item * Index(items.size()));
  report.check("a draw's likelihood does not depend on its neighbours",
               [&] { return blocks(*latents, items, z); });
  report.check("the prior is a function of z alone, and each block may be left out",
               [&] { return prior(*latents, items, z); });
  report.check("decoded items have the declared shape", [&] { return decode(*latents, z); });
  report.check("items and dreams of one stream are the same",
               [&] { return repeats(*latents, items); });
  report.check("the score has mean zero over the model's own draws",
               [&] { return dreams(*latents); });
  if (latents->gaussian_prior())
    report.check("gaussian_prior() is the prior, with its gradient", [&] {
      choose(*latents, items);
      return gaussian_prior(*latents, z);
    });
  if (latents->mixture_prior())
    report.check("mixture_prior() is the prior, with its gradients", [&] {
      choose(*latents, items);
      return mixture_prior(*latents, z);
    });
  choose(*latents, items);
  check_pullbacks(*latents, z, report);
  report.check("choosing items, log_joint and its pull-back do not allocate", [&] {
    Eigen::VectorXd likelihood(z.cols()), prior(z.cols());
    const Eigen::VectorXd weights = Eigen::VectorXd::Ones(z.cols());
    Eigen::MatrixXd g_z(z.rows(), z.cols());
    Gradient theta(latents->parameters());
    return judge_allocations([&] {
      choose(*latents, items);
      latents->log_joint(z, likelihood, prior);
      latents->log_joint_pullback(weights, weights, theta.out(), g_z);
    });
  });
}

}  // namespace elbow::check
