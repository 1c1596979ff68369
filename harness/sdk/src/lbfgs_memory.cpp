#include <elbow/lbfgs_memory.hpp>

namespace elbow {

LbfgsMemory::LbfgsMemory(Index size, Index pairs)
    : steps_(size, pairs), falls_(size, pairs), products_(pairs), shares_(pairs) {}

void LbfgsMemory::add(Vector step, Vector fall) {
  const double product = step.dot(fall);
  if (!(product > 1e-10 * step.norm() * fall.norm())) return;
  const Index slot = count_++ % products_.size();
  steps_.col(slot) = step;
  falls_.col(slot) = fall;
  products_[slot] = product;
}

void LbfgsMemory::precondition(VectorOut direction) {
  const Index memory = products_.size(), kept = std::min(count_, memory);
  if (kept == 0) return;
  for (Index k = 1; k <= kept; ++k) {
    const Index i = (count_ - k) % memory;
    shares_[i] = steps_.col(i).dot(direction) / products_[i];
    direction -= shares_[i] * falls_.col(i);
  }
  const Index last = (count_ - 1) % memory;
  direction *= products_[last] / falls_.col(last).squaredNorm();
  for (Index k = kept; k >= 1; --k) {
    const Index i = (count_ - k) % memory;
    direction += (shares_[i] - falls_.col(i).dot(direction) / products_[i]) * steps_.col(i);
  }
}

}  // namespace elbow
