#include "diagnostics/classifier_two_sample.hpp"

#include <algorithm>
#include <cmath>
#include <elbow/dense_network.hpp>
#include <elbow/math.hpp>
#include <numeric>

namespace elbow {
namespace {

constexpr Index folds = 5, batch_size = 200, most_epochs = 1000, patience = 10;
constexpr float penalty = 1e-4F, tolerance = 1e-4F;

/// Adam as Kingma & Ba 2015 have it, over all weights of the network.
class Adam {
 public:
  explicit Adam(Index size) : mean_(Eigen::ArrayXf::Zero(size)), square_(mean_) {}
  void step(Eigen::Ref<const Eigen::VectorXf> gradient, Eigen::Ref<Eigen::VectorXf> weights) {
    first_ *= 0.9F;
    second_ *= 0.999F;
    mean_ = 0.9F * mean_ + 0.1F * gradient.array();
    square_ = 0.999F * square_ + 0.001F * gradient.array().square();
    const float rate = 1e-3F * std::sqrt(1 - second_) / (1 - first_);
    weights.array() -= rate * mean_ / (square_.sqrt() + 1e-8F);
  }

 private:
  Eigen::ArrayXf mean_, square_;
  float first_ = 1, second_ = 1;
};

/// One network, trained on some columns and asked about others.
class Classifier {
 public:
  Classifier(const Eigen::MatrixXf& x, const Eigen::VectorXf& label, RandomStream stream)
      : x_(x),
        label_(label),
        shuffles_(stream.substream(1)),
        starts_(stream.substream(0)),
        network_(parameters_, "classifier", x.rows(),
                 {{10 * x.rows(), Activation::relu, WeightStart::he},
                  {10 * x.rows(), Activation::relu, WeightStart::he},
                  {1}},
                 starts_),
        adam_(parameters_.f32().size()) {}

  void train(std::vector<Index> items) {
    float best = std::numeric_limits<float>::infinity();
    Gradient gradient(parameters_);
    for (Index epoch = 0, unimproved = 0; epoch < most_epochs && unimproved <= patience; ++epoch) {
      shuffles_.substream(std::uint64_t(epoch)).shuffle(items);
      float loss = 0;
      for (std::size_t first = 0; first < items.size(); first += std::size_t(batch_size))
        loss += learn(items, first, gradient);
      loss /= float(items.size());
      unimproved = loss > best - tolerance ? unimproved + 1 : 0;
      best = std::min(best, loss);
    }
  }

  Index correct(const std::vector<Index>& items) {
    present(items, 0, items.size());
    Index right = 0;
    for (std::size_t i = 0; i < items.size(); ++i)
      right += (pass_.output()(0, Index(i)) > 0) == (label_[items[i]] > 0.5F);
    return right;
  }

 private:
  void present(const std::vector<Index>& items, std::size_t first, std::size_t count) {
    network_.begin(pass_, Index(count));
    for (std::size_t i = 0; i < count; ++i) pass_.input().col(Index(i)) = x_.col(items[first + i]);
    network_.forward(parameters_, pass_);
  }

  /// One step on one batch. @return its summed loss
  float learn(const std::vector<Index>& items, std::size_t first, Gradient& gradient) {
    const std::size_t count = std::min(std::size_t(batch_size), items.size() - first);
    present(items, first, count);
    double loss = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const float logit = pass_.output()(0, Index(i)), label = label_[items[first + i]];
      loss += softplus(logit) - label * logit;
      pass_.output_gradient()(0, Index(i)) = (float(sigmoid(logit)) - label) / float(count);
    }
    gradient.set_zero();
    network_.backward(parameters_, pass_, gradient.out(), false);
    for (std::size_t layer = 0; layer < 3; ++layer)
      gradient.out().vector(network_.weights(layer)) +=
          penalty / float(count) * parameters_.vector(network_.weights(layer));
    adam_.step(gradient.f32(), parameters_.f32());
    return float(loss);
  }

  const Eigen::MatrixXf& x_;
  const Eigen::VectorXf& label_;
  RandomStream shuffles_, starts_;
  Parameters parameters_;
  DenseNetwork<float> network_;
  DenseNetwork<float>::Pass pass_;
  Adam adam_;
};

/// Both samples beside each other, z-scored by y; rows that do not vary in y are left out.
Eigen::MatrixXf standardised(Draws x, Draws y) {
  std::vector<Index> rows;
  Eigen::VectorXd mean = y.rowwise().mean(), sd(y.rows());
  for (Index d = 0; d < y.rows(); ++d) {
    sd[d] = std::sqrt((y.row(d).array() - mean[d]).square().mean());
    if (sd[d] > 1e-14 * std::fabs(mean[d])) rows.push_back(d);
  }
  Eigen::MatrixXf both(Index(rows.size()), x.cols() + y.cols());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Index d = rows[i];
    both.row(Index(i)) << ((x.row(d).array() - mean[d]) / sd[d]).cast<float>().matrix(),
        ((y.row(d).array() - mean[d]) / sd[d]).cast<float>().matrix();
  }
  return both;
}

}  // namespace

Estimate classifier_accuracy(Draws x, Draws y, RandomStream stream) {
  if (x.cols() < folds || !x.allFinite() || !y.allFinite()) return {not_a_number, not_a_number};
  const Eigen::MatrixXf both = standardised(x, y);
  if (both.rows() == 0) return {not_a_number, not_a_number};
  const Index size = both.cols();
  Eigen::VectorXf label = Eigen::VectorXf::Zero(size);
  label.tail(y.cols()).setOnes();
  std::vector<Index> order(static_cast<std::size_t>(size));
  std::iota(order.begin(), order.end(), 0);
  RandomStream(stream.substream(0)).shuffle(order);
  Index correct = 0;
  for (Index fold = 0; fold < folds; ++fold) {
    const auto first = order.begin() + fold * size / folds;
    const auto last = order.begin() + (fold + 1) * size / folds;
    std::vector<Index> training(order.begin(), first);
    training.insert(training.end(), last, order.end());
    Classifier classifier(both, label, stream.substream(std::uint64_t(1 + fold)));
    classifier.train(std::move(training));
    correct += classifier.correct({first, last});
  }
  const double accuracy = double(correct) / double(size);
  return {accuracy, std::sqrt(accuracy * (1 - accuracy) / double(size))};
}

}  // namespace elbow
