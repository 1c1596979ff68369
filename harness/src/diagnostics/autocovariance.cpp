#include "diagnostics/autocovariance.hpp"

#include <complex>
#include <unsupported/Eigen/FFT>

#include "diagnostics/chains.hpp"

namespace elbow {

namespace {

/// As many dot products as cost about one transform.
constexpr Index direct_lags = 200;

/// The smallest even 2^a 3^b 5^c that is at least n: the sizes for which the transform is fast.
Index transform_size(Index n) {
  for (Index size = n + n % 2;; size += 2) {
    Index rest = size;
    for (Index factor : {2, 3, 5})
      while (rest % factor == 0) rest /= factor;
    if (rest == 1) return size;
  }
}

}  // namespace

MeanAutocovariance::MeanAutocovariance(Draws x) : centred_(x.rowwise() - chain_means(x)) {}

double MeanAutocovariance::operator()(Index lag) {
  if (lag >= direct_lags) {
    if (by_lag_.size() == 0) transform();
    return by_lag_[lag];
  }
  const Index pairs = centred_.rows() - lag;
  return centred_.topRows(pairs).cwiseProduct(centred_.bottomRows(pairs)).sum() /
         double(centred_.size());
}

void MeanAutocovariance::transform() {
  const Index n = centred_.rows();
  Eigen::VectorXd padded(transform_size(2 * n));
  Eigen::VectorXcd spectrum;
  Eigen::FFT<double> fourier;
  fourier.SetFlag(Eigen::FFT<double>::HalfSpectrum);
  // The transform is linear: the chains' power spectra are added and transformed back once.
  Eigen::VectorXd power = Eigen::VectorXd::Zero(padded.size() / 2 + 1);
  padded.tail(padded.size() - n).setZero();
  for (Index c = 0; c < centred_.cols(); ++c) {
    padded.head(n) = centred_.col(c);
    fourier.fwd(spectrum, padded);
    power += spectrum.cwiseAbs2();
  }
  spectrum = power.cast<std::complex<double>>();
  fourier.inv(by_lag_, spectrum, padded.size());
  by_lag_ /= double(centred_.size());
}

}  // namespace elbow
