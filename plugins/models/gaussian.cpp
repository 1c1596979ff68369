#include <elbow/elbow.hpp>
#include <elbow/linear_algebra.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  return {
      integer("dimension", optional,
              "number of coordinates; by default that of mean or covariance, else 2")
          .at_least(1),
      reals("mean", optional, "the mean; zeros by default"),
      matrix("covariance", optional, "the covariance, as rows; excludes the options below"),
      real("condition_number", optional,
           "generated covariance: ratio of the largest to the smallest eigenvalue, which are "
           "spaced geometrically about 1, in a random rotation")
          .at_least(1),
      real("correlation", optional, "unit variances and this correlation between all coordinates")
          .above(-1)
          .below(1),
      real("log_evidence", 0.0, "added to the normalised log density").unit("nats"),
  };
}

Index dimension_of(const Options& o) {
  Index dimension = 2;
  const char* giver = nullptr;
  const auto agree = [&](Index found, const char* option) {
    if (giver && found != dimension)
      throw OptionError(std::string(giver) + " is for " + std::to_string(dimension) +
                        " coordinates, but " + option + " is for " + std::to_string(found));
    dimension = found, giver = option;
  };
  if (o.has("dimension")) agree(o.integer("dimension"), "dimension");
  if (o.has("mean")) agree(o.reals("mean").size(), "mean");
  if (o.has("covariance")) agree(o.matrix("covariance").rows(), "covariance");
  if (dimension == 0) throw OptionError(std::string(giver) + " must not be empty");
  return dimension;
}

Eigen::MatrixXd product(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b) {
  Eigen::MatrixXd c = Eigen::MatrixXd::Zero(a.rows(), b.cols());
  add_product(1, a, b, c);
  return c;
}

Eigen::MatrixXd inverse_of_lower(const Eigen::MatrixXd& factor) {
  return factor.triangularView<Eigen::Lower>().solve(
      Eigen::MatrixXd::Identity(factor.rows(), factor.cols()));
}

/// Uniform over the rotations and reflections: Q of a normal matrix whose R has a positive diagonal
/// (Stewart 1980, section 3), by R^T R = Q^T Q. The second pass removes the rounding of the first
/// (CholeskyQR2: Yamamoto et al. 2015).
Eigen::MatrixXd random_rotation(Index n, RandomStream stream) {
  Eigen::MatrixXd q(n, n);
  stream.fill_normal(q);
  for (int pass = 0; pass < 2; ++pass) {
    const Eigen::MatrixXd gram = product(q.transpose(), q);
    const Eigen::MatrixXd factor = cholesky_factor(0.5 * (gram + gram.transpose()), "Q^T Q");
    q = product(q, inverse_of_lower(factor).transpose());
  }
  return q;
}

Eigen::MatrixXd covariance_of(const Options& o, Index n, const RandomStream& stream) {
  const int given = o.has("covariance") + o.has("condition_number") + o.has("correlation");
  if (given > 1)
    throw OptionError("covariance, condition_number and correlation exclude each other");
  if (o.has("covariance")) return o.matrix("covariance");
  if (o.has("correlation")) {
    const double rho = o.real("correlation");
    if (n > 1 && rho <= -1.0 / double(n - 1))
      throw OptionError("correlation between " + std::to_string(n) +
                        " coordinates must be greater than " +
                        std::to_string(-1.0 / double(n - 1)) + ", got " + std::to_string(rho));
    Eigen::MatrixXd covariance = Eigen::MatrixXd::Constant(n, n, rho);
    covariance.diagonal().setOnes();
    return covariance;
  }
  if (o.has("condition_number") && n > 1) {
    const double half_range = 0.5 * std::log(o.real("condition_number"));
    const Eigen::VectorXd eigenvalues = Eigen::ArrayXd::LinSpaced(n, -half_range, half_range).exp();
    const Eigen::MatrixXd rotation = random_rotation(n, stream);
    const Eigen::MatrixXd covariance =
        product(rotation * eigenvalues.asDiagonal(), rotation.transpose());
    return 0.5 * (covariance + covariance.transpose());
  }
  return Eigen::MatrixXd::Identity(n, n);
}

Eigen::MatrixXd factor_of(const Eigen::MatrixXd& covariance) {
  try {
    return cholesky_factor(covariance, "covariance");
  } catch (const Error& error) {
    throw OptionError(error.what());
  }
}

/// A lower triangle W for one draw at a time: bands of 8 rows are read once for W x and, while they
/// are in the nearest cache, for W^T W x. Rows and columns are filled up to whole bands with zeros.
class BandedTriangle {
 public:
  explicit BandedTriangle(const Eigen::MatrixXd& lower) : rows_(lower.rows()) {
    for (Index first = 0; first < rows_; first += height)
      for (Index column = 0; column < first + height; column += width)
        for (Index i = first; i < first + height; ++i)
          for (Index j = column; j < column + width; ++j)
            values_.push_back(i < rows_ && j <= i ? lower(i, j) : 0);
    x_ = product_ = Eigen::VectorXd::Zero((rows_ + height - 1) / height * height);
  }

  /// @param[out] gradient  -W^T W x   @return |W x|^2
  double square(Vector x, VectorOut gradient) {
    x_.head(rows_) = x;
    product_.setZero();
    double sum = 0;
    const double* band = values_.data();
    for (Index columns = height; columns <= x_.size(); columns += height) {
      Block partial[height];
      for (Block& p : partial) p.setZero();
      for (Index j = 0; j < columns; j += width)
        for (Index r = 0; r < height; ++r)
          partial[r] += at(band, j, r) * x_.segment<width>(j).array();
      double u[height];
      for (Index r = 0; r < height; ++r) {
        u[r] = partial[r].sum();
        sum += u[r] * u[r];
      }
      for (Index j = 0; j < columns; j += width) {
        Block slope = product_.segment<width>(j);
        for (Index r = 0; r < height; ++r) slope -= at(band, j, r) * u[r];
        product_.segment<width>(j) = slope;
      }
      band += height * columns;
    }
    gradient = product_.head(rows_);
    return sum;
  }

 private:
  static constexpr Index height = 8, width = 4;
  using Block = Eigen::Array<double, width, 1>;
  static Eigen::Map<const Block> at(const double* band, Index column, Index row) {
    return Eigen::Map<const Block>(band + height * column + width * row);
  }

  Index rows_;
  std::vector<double> values_;   ///< band after band; of each, blocks of 8 rows and 4 columns
  Eigen::VectorXd x_, product_;  ///< [rows, rounded up]
};

/// log_evidence + log N(z; mean, covariance).
class Gaussian final : public Model, public Density, public Reference {
 public:
  explicit Gaussian(const ModelSetup& setup)
      : dimension_(dimension_of(setup.options)),
        log_evidence_(setup.options.real("log_evidence")),
        mean_(setup.options.has("mean") ? setup.options.reals("mean")
                                        : Eigen::VectorXd::Zero(dimension_)),
        covariance_(covariance_of(setup.options, dimension_, setup.data_stream)),
        factor_(factor_of(covariance_)),
        whitening_(inverse_of_lower(factor_)),
        whitening_transposed_(whitening_.transpose()),
        triangle_(whitening_),
        log_normaliser_(0.5 * double(dimension_) * log_2pi +
                        factor_.diagonal().array().log().sum()) {
    if (!mean_.allFinite()) throw OptionError("mean must be finite");
    if (!setup.from_prior) return;
    // There are no data: the target is prior and posterior in one.
    RandomStream stream = setup.data_stream.substream(1);
    truth_.resize(dimension_);
    sample(stream, truth_);
  }

  Density* density() override { return this; }
  Reference* reference() override { return this; }
  Eigen::VectorXd truth() const override { return truth_; }
  std::vector<DataArray> data() const override {
    return {{{"mean", {dimension_}, {"coordinate"}, ""}, mean_, false},
            {{"covariance", {dimension_, dimension_}, {"coordinate", "coordinate_other"}, ""},
             covariance_.reshaped(),
             false}};
  }

  Index dimension() const override { return dimension_; }
  std::vector<Variable> variables() const override {
    return {{"z", {dimension_}, {"coordinate"}, ""}};
  }

  void log_density(Draws z, VectorOut log_p) override {
    log_density_gradient(z, log_p, unwanted());
  }

  // With W = L^-1 and u = W (z - mean): log p = -|u|^2 / 2 - ..., and its gradient is -W^T u.
  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override {
    const Index draws = z.cols();
    if (centred_.cols() < draws) {
      centred_.resize(dimension_, draws);
      white_.resize(dimension_, draws);
    }
    auto centred = centred_.leftCols(draws);
    auto white = white_.leftCols(draws);
    centred = z.colwise() - mean_;
    if (draws == 1 && gradient.size() > 0) {
      log_p[0] =
          log_evidence_ - log_normaliser_ - 0.5 * triangle_.square(centred.col(0), gradient.col(0));
      mark_outside_support(z, log_p, gradient);
      return;
    }
    white.setZero();
    add_product(1, whitening_, centred, white);
    log_p = -0.5 * white.colwise().squaredNorm().transpose();
    log_p.array() += log_evidence_ - log_normaliser_;
    if (gradient.size() > 0) {
      gradient.setZero();
      add_product(-1, whitening_transposed_, white, gradient);
    }
    mark_outside_support(z, log_p, gradient);
  }

  std::optional<Estimate> log_evidence() const override { return Estimate{log_evidence_, 0}; }
  std::optional<Moments> moments() const override {
    const Eigen::VectorXd zeros = Eigen::VectorXd::Zero(dimension_);
    return Moments{mean_, covariance_.diagonal().cwiseSqrt(), zeros, zeros};
  }
  std::optional<Reference::Gaussian> gaussian() const override {
    return Reference::Gaussian{mean_, covariance_};
  }
  bool has_exact_sampler() const override { return true; }
  void sample(RandomStream& stream, DrawsOut z) const override {
    Eigen::MatrixXd noise(z.rows(), z.cols());
    stream.fill_normal(noise);
    z = product(factor_, noise).colwise() + mean_;
  }

 private:
  Index dimension_;
  double log_evidence_;
  Eigen::VectorXd mean_;
  Eigen::MatrixXd covariance_, factor_;               ///< Sigma = L L^T
  Eigen::MatrixXd whitening_, whitening_transposed_;  ///< W = L^-1
  BandedTriangle triangle_;                           ///< W
  double log_normaliser_;
  Eigen::VectorXd truth_;
  Eigen::MatrixXd centred_, white_;  ///< [D x S]
};

}  // namespace

ELBOW_PLUGIN(Gaussian, options,
             {.name = "gaussian",
              .summary = "Gaussian with any mean and covariance, everything known about it",
              .provides = Ability::density | Ability::gradient | Ability::reference |
                          Ability::prior_predictive})
