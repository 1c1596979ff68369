#include "diagnostics/autocovariance.hpp"

#include <complex>
#include <unsupported/Eigen/FFT>

#include "diagnostics/chains.hpp"

namespace elbow {

namespace {

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

Eigen::VectorXd mean_autocovariance(Draws x) {
  const Index n = x.rows();
  Eigen::VectorXd mean_power, padded(transform_size(2 * n)), lags;
  const Eigen::RowVectorXd means = chain_means(x);
  Eigen::VectorXcd spectrum;
  Eigen::FFT<double> transform;
  transform.SetFlag(Eigen::FFT<double>::HalfSpectrum);
  // The transform is linear, so the chains' power spectra are averaged and transformed back once.
  for (Index c = 0; c < x.cols(); ++c) {
    const auto chain = x.col(c);
    if (chain.minCoeff() == chain.maxCoeff()) continue;
    padded.head(n) = chain.array() - means[c];
    padded.tail(padded.size() - n).setZero();
    transform.fwd(spectrum, padded);
    if (mean_power.size() == 0) mean_power.setZero(spectrum.size());
    mean_power += spectrum.cwiseAbs2();
  }
  if (mean_power.size() == 0) return Eigen::VectorXd::Zero(n);
  spectrum = mean_power.cast<std::complex<double>>();
  transform.inv(lags, spectrum, padded.size());
  return lags.head(n) / (double(n) * double(x.cols()));
}

}  // namespace elbow
