// Data items with latents of their own.

#include <numeric>

#include "check/allocations.hpp"
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

Eigen::VectorXd log_joint(LatentItems& latents, std::span<const Index> items, Draws z,
                          Eigen::VectorXd* log_prior = nullptr) {
  Eigen::VectorXd log_p = Eigen::VectorXd::Constant(z.cols(), 12345);
  if (log_prior) {
    log_prior->setConstant(z.cols(), 12345);
    latents.log_joint(Split::train, items, z, log_p, *log_prior);
  } else {
    latents.log_joint(Split::train, items, z, log_p, unwanted_vector());
  }
  return log_p;
}

Outcome splits(LatentItems& latents) {
  std::string counts;
  for (const Split split : {Split::train, Split::validation, Split::test}) {
    const auto items = some_items(latents, split);
    Eigen::MatrixXf features =
        Eigen::MatrixXf::Constant(latents.feature_dimension(), Index(items.size()), NAN);
    if (!items.empty()) latents.features(split, items, features);
    if (!features.allFinite()) return failed("features are not all written with finite numbers");
    counts += say(counts.empty() ? "" : " / ", latents.item_count(split));
  }
  return judge(latents.item_count(Split::train) > 0, counts, " items to train / validate / test");
}

Outcome blocks(LatentItems& latents, std::span<const Index> items, const Eigen::MatrixXd& z) {
  const Eigen::VectorXd together = log_joint(latents, items, z);
  Eigen::VectorXd apart(z.cols());
  for (Index s = 0; s < z.cols(); ++s)
    apart.segment(s, 1) =
        log_joint(latents, items.subspan(std::size_t(s / draws_per_item), 1), z.col(s));
  return judge(worst_disagreement(together, apart, 1e-5), "draw");
}

Outcome prior(LatentItems& latents, std::span<const Index> items, const Eigen::MatrixXd& z) {
  Eigen::VectorXd log_prior;
  const Eigen::VectorXd log_p = log_joint(latents, items, z, &log_prior);
  const Disagreement same = worst_disagreement(log_p, log_joint(latents, items, z), 1e-6);
  if (!same.none()) return judge(same, "with the prior not wanted: draw");
  // The prior knows no data: the same z with the items in another order has the same one.
  std::vector<Index> reversed(items.rbegin(), items.rend());
  Eigen::VectorXd other;
  log_joint(latents, reversed, z, &other);
  return judge(worst_disagreement(other, log_prior, 1e-6), "draw");
}

Outcome decode(LatentItems& latents, const Eigen::MatrixXd& z) {
  const Index size = latents.item().size();
  Eigen::MatrixXd x = Eigen::MatrixXd::Constant(size, z.cols(), NAN);
  latents.decode(z, x);
  return judge(x.allFinite(), "items of ", size, " numbers");
}

}  // namespace

void check_latent_items(const Bench& bench, Report& report) {
  if (!bench.subject.can(Ability::latent_items)) return;
  const Made<Model> model = bench.subject.model();
  LatentItems* latents = model->latent_items();
  if (!latents) return;  // reported by the suite "facets"
  report.check("there are items to train on, with finite features",
               [&] { return splits(*latents); });
  perturb(latents->parameters(), 0.05);
  const std::vector<Index> items = some_items(*latents, Split::train);
  const Eigen::MatrixXd z =
      normals("latents", latents->latent_dimension(), draws_per_item * Index(items.size()));
  report.check("a block of items and draws equals single ones",
               [&] { return blocks(*latents, items, z); });
  report.check("the prior is a function of z alone and may be left out",
               [&] { return prior(*latents, items, z); });
  report.check("decoded items have the declared shape", [&] { return decode(*latents, z); });
  const Pullback function{&latents->parameters(),
                          [&](Draws at, VectorOut value) {
                            latents->log_joint(Split::train, items, at, value, unwanted_vector());
                          },
                          [&](Vector weights, GradientOut theta, DrawsOut g_z) {
                            latents->log_joint_pullback(weights, theta, g_z);
                          }};
  const bool single = latents->parameters().f32().size() > 0;
  check_pullback(report, "log_joint", function, z, single ? Scalar::f32 : Scalar::f64);
  report.check("log_joint and its pull-back do not allocate", [&] {
    Eigen::VectorXd log_p(z.cols());
    const Eigen::VectorXd weights = Eigen::VectorXd::Ones(z.cols());
    Eigen::MatrixXd g_z(z.rows(), z.cols());
    Gradient theta(latents->parameters());
    return judge_allocations([&] {
      latents->log_joint(Split::train, items, z, log_p, unwanted_vector());
      latents->log_joint_pullback(weights, theta.out(), g_z);
    });
  });
}

}  // namespace elbow::check
