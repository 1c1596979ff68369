#include "cell/same_function.hpp"

#include <cstring>

namespace elbow {
namespace {

constexpr Index compared_draws = 16;

RandomStream comparing(const char* what) { return {0, 0, what}; }

template <class Matrix>
bool are_same_bits(const Matrix& a, const Matrix& b) {
  return a.rows() == b.rows() && a.cols() == b.cols() &&
         std::memcmp(a.data(), b.data(), sizeof(*a.data()) * std::size_t(a.size())) == 0;
}

/// What a model draws, and what it decodes that to.
struct Dreamt {
  Eigen::MatrixXd z, x, means;

  explicit Dreamt(LatentItems& items)
      : z(items.latent_dimension(), compared_draws),
        x(items.item().size(), compared_draws),
        means(x.rows(), compared_draws) {
    items.dream(comparing("dream"), z);
    items.values(x);
    items.decode(z, means);
  }
  void leave_out(const Eigen::VectorXd& observed) {
    for (Index i = 0; i < observed.size(); ++i)
      if (observed[i] == 0) x.row(i).setZero();
  }
};

bool are_same_items(LatentItems& a, LatentItems& b) {
  if (a.latent_dimension() != b.latent_dimension() || a.item().shape != b.item().shape)
    return false;
  Dreamt of_a(a), of_b(b);
  for (Dreamt* dreamt : {&of_a, &of_b})
    for (LatentItems* items : {&a, &b}) dreamt->leave_out(items->observed());
  return are_same_bits(of_a.z, of_b.z) && are_same_bits(of_a.x, of_b.x) &&
         are_same_bits(of_a.means, of_b.means);
}

bool are_same_energies(Energy& a, Energy& b) {
  if (a.data_dimension() != b.data_dimension()) return false;
  Eigen::MatrixXd x(a.data_dimension(), compared_draws);
  RandomStream stream = comparing("points");
  stream.fill_normal(x);
  Eigen::VectorXd of_a(compared_draws), of_b(compared_draws);
  a.log_phi(x, of_a);
  b.log_phi(x, of_b);
  return are_same_bits(of_a, of_b);
}

struct Drawn {
  Eigen::MatrixXd z;
  Eigen::VectorXd log_q;

  explicit Drawn(Family& q) : z(q.dimension(), compared_draws), log_q(compared_draws) {
    if (Conditional* conditional = q.conditional()) {
      constexpr Index contexts = 4;
      Eigen::MatrixXd context(conditional->context_dimension(), contexts);
      RandomStream stream = comparing("contexts");
      stream.fill_normal(context);
      conditional->bind(context.cast<float>(), compared_draws / contexts);
    }
    Eigen::MatrixXd noise(q.noise().rows(), compared_draws);
    RandomStream stream = comparing("noise");
    fill_noise(q.noise(), stream, noise);
    q.sample(noise, z, log_q);
  }
};

}  // namespace

bool is_same_function(Model& a, Model& b) {
  if (a.latent_items() && b.latent_items())
    return are_same_items(*a.latent_items(), *b.latent_items());
  return a.energy() && b.energy() && are_same_energies(*a.energy(), *b.energy());
}

bool is_same_function(Family& a, Family& b) {
  const Drawn of_a(a), of_b(b);
  return are_same_bits(of_a.z, of_b.z) && are_same_bits(of_a.log_q, of_b.log_q);
}

}  // namespace elbow
