#include <algorithm>
#include <elbow/elbow.hpp>

namespace {

using namespace elbow;
using Eigen::MatrixXd;
using Eigen::VectorXd;

std::vector<Option> options() {
  return {
      integer("particles", 50, "points that are moved").at_least(2),
      choice("kernel", {"squared_exponential", "inverse_multiquadric"},
             "exp(-r^2 / h); (1 + r^2 / h)^(-1/2), whose tails reach far particles"),
      real("bandwidth", optional,
           "h; by default the median of r^2 over log(n + 1), anew in every step")
          .above(0),
      real("step_size", 0.3, "eta in x += eta g / sqrt(G), G the running sum of squared directions")
          .above(0),
      real("initial_scale", 1.0, "standard deviation of the particles at the start").above(0)};
}

/// Stein variational gradient descent: particle i moves along the mean over j of
/// k(x_j, x_i) grad log p(x_j) + grad_(x_j) k(x_j, x_i), the steepest descent of KL(q || p) in the
/// kernel's space, of length the kernel Stein discrepancy.
class Svgd final : public Estimator {
 public:
  explicit Svgd(const EstimatorSetup& setup)
      : squared_exponential_(setup.options.text("kernel") == "squared_exponential"),
        median_(!setup.options.has("bandwidth")),
        bandwidth_(median_ ? 1 : setup.options.real("bandwidth")),
        step_size_(setup.options.real("step_size")) {
    const Index count = setup.options.integer("particles");
    const Index d = setup.model.density()->dimension();
    end_.z.resize(d, count);
    RandomStream stream = setup.init_stream;
    stream.fill_normal(end_.z);
    end_.z *= setup.options.real("initial_scale");
    score_.resize(d, count);
    move_.resize(d, count);
    squares_.setZero(d, count);
    apart_.resize(d);
    log_p_.resize(count);
    distances_.resize(std::size_t(count * (count - 1) / 2));
  }

  std::vector<TraceField> trace_fields() const override {
    return {{"objective",
             "minus the squared kernel Stein discrepancy of the particles before the step, with "
             "the step's own bandwidth",
             ""},
            {"mean_log_density", "of the particles before the step", "nats"},
            {"bandwidth", "h of the kernel", ""},
            {"step_length", "root mean square move of a particle", ""}};
  }

  bool state(StateArchive& archive) override {
    archive(bandwidth_, end_.z, squares_);
    return true;
  }

  Progress step(Fit& fit, VectorOut trace) override {
    fit.model.density()->log_density_gradient(end_.z, log_p_, score_);
    trace << -infinity, log_p_.mean(), bandwidth_, 0;
    if (!log_p_.allFinite() || !score_.allFinite()) return Progress::non_finite;
    if (median_) choose_bandwidth();
    trace[0] = -accumulate();
    trace[2] = bandwidth_;
    if (!move_.allFinite()) return Progress::non_finite;
    squares_.array() += move_.array().square();
    move_.array() *= step_size_ / (squares_.array().sqrt() + 1e-12);
    end_.z += move_;
    trace[3] = std::sqrt(move_.squaredNorm() / double(move_.cols()));
    return Progress::going;
  }

  Family* approximation(Fit&) override { return nullptr; }
  const Particles* particles() const override { return &end_; }

 private:
  /// Liu & Wang 2016, section 5.
  void choose_bandwidth() {
    std::size_t at = 0;
    for (Index i = 0; i < end_.z.cols(); ++i)
      for (Index j = 0; j < i; ++j)
        distances_[at++] = (end_.z.col(i) - end_.z.col(j)).squaredNorm();
    const auto middle = distances_.begin() + std::ptrdiff_t(distances_.size() / 2);
    std::nth_element(distances_.begin(), middle, distances_.end());
    if (*middle > 0) bandwidth_ = *middle / std::log(double(end_.z.cols()) + 1);
  }

  /// The directions, into move_. @return the squared kernel Stein discrepancy (V-statistic)
  double accumulate() {
    const Index n = end_.z.cols();
    const double dimension = double(end_.z.rows());
    double discrepancy = 0;
    move_.setZero();
    for (Index i = 0; i < n; ++i)
      for (Index j = 0; j <= i; ++j) {
        // k = f(r^2): grad_x k = 2 f' (x - y), trace of grad_x grad_y k = -4 f'' r^2 - 2 D f'.
        apart_ = end_.z.col(i) - end_.z.col(j);
        const double square = apart_.squaredNorm();
        double value, first, second;
        if (squared_exponential_) {
          value = std::exp(-square / bandwidth_);
          first = -value / bandwidth_;
          second = value / (bandwidth_ * bandwidth_);
        } else {
          const double inverse = 1 / (1 + square / bandwidth_);
          value = std::sqrt(inverse);
          first = -0.5 * value * inverse / bandwidth_;
          second = 0.75 * value * inverse * inverse / (bandwidth_ * bandwidth_);
        }
        const double stein = value * score_.col(i).dot(score_.col(j)) +
                             2 * first * apart_.dot(score_.col(j) - score_.col(i)) -
                             4 * second * square - 2 * dimension * first;
        discrepancy += i == j ? stein : 2 * stein;
        move_.col(i) += value * score_.col(j) - 2 * first * apart_;
        if (i != j) move_.col(j) += value * score_.col(i) + 2 * first * apart_;
      }
    move_ /= double(n);
    return discrepancy / double(n * n);
  }

  bool squared_exponential_, median_;
  double bandwidth_, step_size_;
  Particles end_;
  MatrixXd score_, move_, squares_;  ///< [D x S]
  VectorXd apart_;                   ///< [D]
  VectorXd log_p_;                   ///< [S]
  std::vector<double> distances_;    ///< squared, of all pairs
};

}  // namespace

ELBOW_PLUGIN(Svgd, options,
             {.name = "svgd",
              .summary = "Stein variational gradient descent on particles",
              .source = "Liu & Wang 2016, algorithm 1; Gorham & Mackey 2017 (discrepancy)",
              .needs_of_model = Ability::density | Ability::gradient,
              .uses_family = false,
              .uses_optimizer = false})
