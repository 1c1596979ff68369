#include "diagnostics/convergence.hpp"

#include <cmath>
#include <elbow/error.hpp>
#include <string>

#include "diagnostics/chains.hpp"
#include "diagnostics/effective_sample_size.hpp"
#include "diagnostics/rhat.hpp"

namespace elbow {

Convergence convergence(std::span<const Eigen::MatrixXd> chains) {
  if (chains.empty()) throw Error("convergence: expected at least one chain, got none");
  const Index dimension = chains[0].rows(), draws = chains[0].cols();
  for (const Eigen::MatrixXd& chain : chains)
    if (chain.rows() != dimension || chain.cols() != draws)
      throw Error("convergence: chains must be of one size, got " + std::to_string(dimension) +
                  " x " + std::to_string(draws) + " and " + std::to_string(chain.rows()) + " x " +
                  std::to_string(chain.cols()));
  Convergence result;
  for (Eigen::VectorXd* column : {&result.mean, &result.sd, &result.mcse_mean, &result.mcse_sd,
                                  &result.rhat, &result.ess_bulk, &result.ess_tail})
    column->resize(dimension);
  Eigen::MatrixXd x(draws, Index(chains.size()));
  for (Index d = 0; d < dimension; ++d) {
    for (Index c = 0; c < x.cols(); ++c) x.col(c) = chains[std::size_t(c)].row(d).transpose();
    result.mean[d] = chain_means(x).mean();
    result.sd[d] = std::sqrt((x.array() - result.mean[d]).square().sum() / double(x.size() - 1));
    result.mcse_mean[d] = mcse_mean(x);
    result.mcse_sd[d] = mcse_sd(x);
    result.rhat[d] = rhat(x);
    result.ess_bulk[d] = ess_bulk(x);
    result.ess_tail[d] = ess_tail(x);
  }
  return result;
}

}  // namespace elbow
