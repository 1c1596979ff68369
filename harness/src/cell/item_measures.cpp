#include "cell/item_measures.hpp"

#include <cmath>
#include <elbow/math.hpp>
#include <functional>

#include "cell/trained_cell.hpp"

namespace elbow {
namespace {

constexpr Index items_at_once = 50;   ///< items whose data noise comes from one stream
constexpr Index draws_at_once = 500;  ///< draws in flight, about: products reach their rate
constexpr double active_variance = 0.01;

/// Mean over items of a mean over draws, with the draws' error.
class ItemMeans {
 public:
  /// @param values  [K]  of one item
  void add(Vector values) {
    // About the first of them: equal values, a rate in closed form, have no error by rounding.
    const double n = double(values.size());
    const double mean = values[0] + (values.array() - values[0]).mean();
    sum_ += mean;
    if (n > 1) variance_ += (values.array() - mean).square().sum() / (n - 1) / n;
    count_ += 1;
  }
  Estimate estimate() const { return {sum_ / count_, std::sqrt(variance_) / count_}; }

 private:
  double sum_ = 0, variance_ = 0, count_ = 0;
};

/// Variances over items of posterior means that are known up to the noise of their draws.
class MeanSpread {
 public:
  /// @param z  [Dz x K]  draws of one item, or its mean alone
  void add(Draws z) {
    const double n = double(z.cols());
    const Eigen::VectorXd mean = z.rowwise().mean();
    if (count_++ == 0) {
      centre_ = mean;
      sum_ = squares_ = noise_ = Eigen::VectorXd::Zero(z.rows());
    }
    sum_ += mean - centre_;
    squares_ += (mean - centre_).cwiseAbs2();
    if (n > 1) noise_ += (z.colwise() - mean).rowwise().squaredNorm() / (n - 1) / n;
  }
  double active() const {
    if (count_ < 2) return not_a_number;
    const double n = double(count_);
    const Eigen::ArrayXd variance =
        (squares_.array() - sum_.array().square() / n) / (n - 1) - noise_.array() / n;
    return double((variance > active_variance).count());
  }

 private:
  Index count_ = 0;
  Eigen::VectorXd centre_, sum_, squares_, noise_;
};

/// log mean exp of numbers that come one by one.
class RunningWeights {
 public:
  void add(double log_w) {
    ++count_;
    if (std::isnan(log_w)) top_ = not_a_number;
    if (!(log_w > -infinity)) return;
    if (log_w > top_) {
      const double shrink = std::exp(top_ - log_w);
      sum_ *= shrink;
      squares_ *= shrink * shrink;
      top_ = log_w;
    }
    const double w = std::exp(log_w - top_);
    sum_ += w;
    squares_ += w * w;
  }
  double log_mean() const { return top_ + std::log(sum_ / double(count_)); }
  double variance() const { return squares_ / (sum_ * sum_) - 1 / double(count_); }
  double effective() const { return sum_ * sum_ / squares_; }

 private:
  double top_ = -infinity, sum_ = 0, squares_ = 0;
  Index count_ = 0;
};

void for_blocks(Index items, const std::function<void(std::span<const Index>)>& use) {
  std::vector<Index> chosen;
  for (Index first = 0; first < items; first += items_at_once) {
    chosen.clear();
    for (Index n = first; n < std::min(items, first + items_at_once); ++n) chosen.push_back(n);
    use(chosen);
  }
}

std::uint64_t data_stream(LatentItems::Split split, std::span<const Index> items) {
  return (std::uint64_t(split) << 32) + std::uint64_t(items.front());
}

/// KL(N(mean, sd^2) || N(prior mean, prior sd^2)) of every column. [B]
Eigen::VectorXd closed_rates(Draws mean, Draws log_sd, Vector prior_mean, Vector prior_log_sd) {
  const Eigen::ArrayXd precision = (-2 * prior_log_sd.array()).exp();
  Eigen::VectorXd rates(mean.cols());
  for (Index b = 0; b < mean.cols(); ++b)
    rates[b] =
        (prior_log_sd - log_sd.col(b)).sum() +
        0.5 * (((2 * log_sd.col(b).array()).exp() + (mean.col(b) - prior_mean).array().square()) *
                   precision -
               1)
                  .sum();
  return rates;
}

}  // namespace

bool ItemEvaluation::applies(const Ingredients& cell) {
  return cell.model->latent_items() && !cell.model->density() && cell.family &&
         cell.family->conditional();
}

ItemEvaluation::ItemEvaluation(Ingredients& cell)
    : cell_(cell), model_(*cell.model->latent_items()), family_(*cell.family) {}

Index ItemEvaluation::items(Split split) const { return model_.item_count(split); }

KnownEvidence* ItemEvaluation::known_evidence() const { return model_.known_evidence(); }

ItemMeasures ItemEvaluation::measure(Split split, Index most, Index draws, Index told_apart,
                                     RandomStream stream) const {
  const Index count = std::min(most, items(split)), dimension = family_.dimension();
  JointTarget target(*cell_.model, family_, draws);
  const DiagonalGaussian* gaussian = family_.diagonal_gaussian();
  GaussianPrior* prior = gaussian ? model_.gaussian_prior() : nullptr;
  Eigen::VectorXd prior_mean(dimension), prior_log_sd(dimension);
  if (prior) prior->moments(prior_mean, prior_log_sd);

  const RandomStream data = cell_.stream("evaluation data");
  const NoiseShape shape = family_.noise();
  ItemMeans rate, distortion, elbo;
  MeanSpread means;
  for_blocks(count, [&](std::span<const Index> chosen) {
    target.begin(split, chosen, data.substream(data_stream(split, chosen)));
    const Index all = target.draws();
    Eigen::MatrixXd noise(shape.rows(), all), z(dimension, all);
    Eigen::VectorXd log_q(all), log_likelihood(all), log_prior(all), rates;
    fill_noise(shape, stream, noise);
    family_.sample(noise, z, log_q);
    target.log_joint(z, log_likelihood, log_prior, false);
    if (prior)
      rates = closed_rates(gaussian->means(), gaussian->log_sds(), prior_mean, prior_log_sd);
    for (Index b = 0; b < target.items(); ++b) {
      const auto of = [&](const Eigen::VectorXd& values) {
        return values.segment(b * draws, draws);
      };
      Eigen::VectorXd item_rate = of(log_q) - of(log_prior);
      if (prior) item_rate.setConstant(rates[b]);
      rate.add(item_rate);
      distortion.add(-of(log_likelihood));
      elbo.add(of(log_likelihood) - item_rate);
      if (gaussian)
        means.add(gaussian->means().col(b));
      else
        means.add(z.middleCols(b * draws, draws));
    }
  });
  return {rate.estimate(), distortion.estimate(), elbo.estimate(), means.active(),
          told_apart < 2
              ? Estimate{not_a_number, not_a_number}
              : mutual_information(split, std::min(told_apart, count), stream.substream(1))};
}

Estimate ItemEvaluation::mutual_information(Split split, Index count, RandomStream stream) const {
  const Index dimension = family_.dimension();
  const NoiseShape shape = family_.noise();
  const RandomStream data = cell_.stream("evaluation data");
  Eigen::MatrixXd noise(shape.rows(), count), z(dimension, count);
  fill_noise(shape, stream, noise);
  const auto begin = [&](JointTarget& target, std::span<const Index> chosen) {
    target.begin(split, chosen, data.substream(data_stream(split, chosen)));
  };
  JointTarget one(*cell_.model, family_, 1);
  for_blocks(count, [&](std::span<const Index> chosen) {
    begin(one, chosen);
    family_.sample(noise.middleCols(chosen.front(), one.items()),
                   z.middleCols(chosen.front(), one.items()), unwanted_vector());
  });
  // log q(z_i | x_j) of every pair. [i x j]
  Eigen::MatrixXd pairs(count, count);
  JointTarget each(*cell_.model, family_, count);
  for_blocks(count, [&](std::span<const Index> chosen) {
    begin(each, chosen);
    const Eigen::MatrixXd repeated = z.replicate(1, each.items());
    family_.log_prob(
        repeated, Eigen::Map<Eigen::VectorXd>(pairs.col(chosen.front()).data(), repeated.cols()));
  });
  Eigen::VectorXd terms(count);
  for (Index i = 0; i < count; ++i) terms[i] = pairs(i, i) - log_mean_exp(pairs.row(i).transpose());
  const double mean = terms.mean(), n = double(count);
  return {mean, std::sqrt((terms.array() - mean).square().sum() / (n * (n - 1)))};
}

ItemLogLikelihood ItemEvaluation::log_likelihood(Split split, Index most, Index draws,
                                                 RandomStream stream) const {
  const Index count = std::min(most, items(split)), dimension = family_.dimension();
  const Index at_once =
      std::min(draws, std::max<Index>(1, draws_at_once / std::min(items_at_once, count)));
  JointTarget target(*cell_.model, family_, at_once);
  const RandomStream data = cell_.stream("evaluation data");
  const NoiseShape shape = family_.noise();
  Eigen::VectorXd values(count);
  double variance = 0, effective = 0;
  Index done = 0;
  for_blocks(count, [&](std::span<const Index> chosen) {
    target.begin(split, chosen, data.substream(data_stream(split, chosen)));
    const Index all = target.draws();
    Eigen::MatrixXd noise(shape.rows(), all), z(dimension, all);
    Eigen::VectorXd log_q(all), log_likelihood(all), log_prior(all);
    std::vector<RunningWeights> weights(chosen.size());
    for (Index drawn = 0; drawn < draws; drawn += at_once) {
      fill_noise(shape, stream, noise);
      family_.sample(noise, z, log_q);
      target.log_joint(z, log_likelihood, log_prior, false);
      const Index wanted = std::min(at_once, draws - drawn);
      for (Index b = 0; b < target.items(); ++b)
        for (Index s = b * at_once; s < b * at_once + wanted; ++s)
          weights[std::size_t(b)].add(log_likelihood[s] + log_prior[s] - log_q[s]);
    }
    for (const RunningWeights& item : weights) {
      values[done++] = item.log_mean();
      variance += item.variance();
      effective += item.effective();
    }
  });
  const double n = double(count), mean = values.mean();
  const double spread = (values.array() - mean).square().sum();
  return {{mean, std::sqrt(variance) / n},
          std::sqrt(spread / (n * (n - 1))),
          effective / n,
          count,
          draws};
}

double ItemEvaluation::log_evidence(Split split, Index most) const {
  const RandomStream data = cell_.stream("evaluation data");
  double sum = 0;
  const Index count = std::min(most, items(split));
  for_blocks(count, [&](std::span<const Index> chosen) {
    model_.use_items(split, chosen, data.substream(data_stream(split, chosen)));
    Eigen::VectorXd log_p(Index(chosen.size()));
    model_.known_evidence()->item_log_evidence(log_p);
    sum += log_p.sum();
  });
  return sum / double(count);
}

void ItemEvaluation::write_examples(Index count, RandomStream stream, CellWriter& writer) const {
  const Index test = std::min(count, items(Split::test));
  const Variable item = model_.item();
  const auto write = [&](const std::string& name, const Eigen::MatrixXd& values) {
    Variable variable = item;
    variable.name = name;
    variable.shape.insert(variable.shape.begin(), values.cols());
    const std::string axis = item.name == "image" ? "image" : "item";
    variable.dims.insert(variable.dims.begin(),
                         name.rfind("generated", 0) == 0 ? "generated_" + axis : axis);
    const Eigen::MatrixXd by_item = values.transpose();
    writer.array("examples", variable, by_item.reshaped());
  };
  if (test > 0) {
    std::vector<Index> chosen;
    for (Index n = 0; n < test; ++n) chosen.push_back(n);
    JointTarget target(*cell_.model, family_, 1);
    target.begin(Split::test, chosen,
                 cell_.stream("evaluation data").substream(data_stream(Split::test, chosen)));
    Eigen::MatrixXd noise(family_.noise().rows(), test), z(family_.dimension(), test);
    Eigen::MatrixXd x(item.size(), test);
    fill_noise(family_.noise(), stream, noise);
    model_.values(x);
    write("test_item", x);
    family_.sample(noise, z, unwanted_vector());
    model_.decode(z, x);
    write("reconstruction", x);
  }
  Eigen::MatrixXd z(family_.dimension(), count), x(item.size(), count);
  // A prior that is made of posteriors has to be told what they are now.
  const Index one[] = {0};
  JointTarget(*cell_.model, family_, 1).begin(Split::train, one, stream);
  model_.dream(stream.substream(1), z);
  model_.values(x);
  write("generated", x);
  model_.decode(z, x);
  write("generated_mean", x);
}

void ItemEvaluation::write_prior_components(CellWriter& writer) const {
  MixturePrior* const mixture = model_.mixture_prior();
  const DiagonalGaussian* const gaussian = family_.diagonal_gaussian();
  if (!mixture || !gaussian) return;
  family_.conditional()->bind(mixture->pseudo_inputs(), 1);
  const auto write = [&](const std::string& name, Draws values) {
    writer.array(prior_components_group,
                 {name, {values.rows(), values.cols()}, {"latent", "component"}, ""},
                 Eigen::MatrixXd(values).reshaped());
  };
  write("mean", gaussian->means());
  write("log_sd", gaussian->log_sds());
}

void add_item_metrics(Ingredients& cell, CellWriter& writer, std::vector<Metric>& metrics) {
  const ItemEvaluation evaluation(cell);
  evaluation.write_prior_components(writer);
  const EvaluationSettings& wanted = cell.evaluation;
  const auto add = [&](std::string name, double value, double mcse, const char* unit,
                       const std::string& help) {
    metrics.push_back({std::move(name), value, mcse, unit, help});
  };
  for (const auto split : {LatentItems::Split::train, LatentItems::Split::test}) {
    const Index all = evaluation.items(split);
    if (all == 0) continue;
    const bool train = split == LatentItems::Split::train;
    const std::string prefix = train ? "train_" : "test_";
    const std::string of = train ? " of the training items" : " of the test items";
    const std::string mean = ", mean per item" + of;
    const ItemMeasures m =
        evaluation.measure(split, all, wanted.item_draws, wanted.mutual_information_items,
                           cell.stream("evaluation").substream(std::uint64_t(split)));
    add(prefix + "elbo", m.elbo.value, m.elbo.standard_error, "nats",
        "evidence lower bound, -(rate + distortion)" + mean);
    add(prefix + "rate", m.rate.value, m.rate.standard_error, "nats",
        "KL(q(z | x) || p(z))" + mean + "; upper bound on their information");
    add(prefix + "distortion", m.distortion.value, m.distortion.standard_error, "nats",
        "-E log p(x | z)" + mean);
    add(prefix + "active_units", m.active_units, not_a_number, "",
        "latent coordinates whose posterior means vary by more than 0.01 over the items" + of);
    if (wanted.mutual_information_items > 1)
      add(prefix + "mutual_information", m.mutual_information.value,
          m.mutual_information.standard_error, "nats",
          "lower bound on the information between items and latents, at most log " +
              std::to_string(std::min(all, wanted.mutual_information_items)));
    if (KnownEvidence* known = evaluation.known_evidence()) {
      add(prefix + "log_evidence", evaluation.log_evidence(split, all), not_a_number, "nats",
          "exact log p(x)" + mean);
      if (train)
        add("maximum_log_evidence", known->maximum(), not_a_number, "nats",
            "largest mean log p(x) of the training items that any parameters give");
    }
    if (train || wanted.log_likelihood_draws == 0) continue;
    const Index most = wanted.log_likelihood_items > 0 ? wanted.log_likelihood_items : all;
    const ItemLogLikelihood found = evaluation.log_likelihood(
        split, most, wanted.log_likelihood_draws, cell.stream("log likelihood"));
    const std::string how = std::to_string(found.draws) + " importance draws of each of " +
                            std::to_string(found.items) + " test items";
    add("test_log_likelihood", found.mean.value, found.mean.standard_error, "nats",
        "log p(x), mean per item, by " + how);
    add("test_log_likelihood_item_error", found.error_over_items, not_a_number, "nats",
        "standard error of test_log_likelihood as a mean over random items");
    add("test_effective_draws", found.effective_draws, not_a_number, "",
        "1 / sum of squared normalised weights, mean over the items, of " + how);
  }
  if (wanted.stored_items > 0)
    evaluation.write_examples(wanted.stored_items, cell.stream("examples"), writer);
}

}  // namespace elbow
