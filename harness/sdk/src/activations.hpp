#pragma once

#include <elbow/dense_network.hpp>

#include "tiled_product.hpp"

/// Activations of one vector register, and their slopes.
namespace elbow::tiles {

/// y = activation(x), and where the slope is not a function of y alone (SiLU), the slope.
template <class T>
struct Activated {
  Packet<T> value, slope;
};

/// Calls work.operator()<A>() with A = activation: what a loop does not have to ask for every
/// register.
template <class Work>
void with_constant(Activation activation, Work work) {
  switch (activation) {
    case Activation::identity:
      return work.template operator()<Activation::identity>();
    case Activation::relu:
      return work.template operator()<Activation::relu>();
    case Activation::tanh:
      return work.template operator()<Activation::tanh>();
    case Activation::sigmoid:
      return work.template operator()<Activation::sigmoid>();
    case Activation::softplus:
      return work.template operator()<Activation::softplus>();
    case Activation::silu:
      return work.template operator()<Activation::silu>();
  }
}

template <class T>
Activated<T> activate(Activation activation, const Packet<T>& x) {
  using namespace Eigen::internal;
  const Packet<T> one = broadcast(T(1)), zero = broadcast(T(0));
  const auto sigmoid = [&] { return pdiv(one, padd(one, pexp(pnegate(x)))); };
  // exp(-|x|), which cannot overflow.
  const auto decay = [&](T factor) { return pexp(pmul(broadcast(-factor), pabs(x))); };
  switch (activation) {
    case Activation::identity:
      return {x, one};
    case Activation::relu:
      return {pmax(x, zero), one};
    case Activation::tanh: {
      // sign(x) (1 - e^-2|x|) / (1 + e^-2|x|)
      const Packet<T> e = decay(2), size = pdiv(psub(one, e), padd(one, e));
      return {pselect(pcmp_lt(x, zero), pnegate(size), size), one};
    }
    case Activation::sigmoid:
      return {sigmoid(), one};
    case Activation::softplus:
      return {padd(pmax(x, zero), plog(padd(one, decay(1)))), one};
    case Activation::silu: {
      const Packet<T> s = sigmoid(), y = pmul(x, s);
      return {y, padd(s, psub(y, pmul(y, s)))};
    }
  }
  return {x, one};
}

/// The slope at a point whose activation is y (not for SiLU).
template <class T>
Packet<T> slope_at(Activation activation, const Packet<T>& y) {
  using namespace Eigen::internal;
  const Packet<T> one = broadcast(T(1)), zero = broadcast(T(0));
  switch (activation) {
    case Activation::relu:
      return pselect(pcmp_lt(zero, y), one, zero);
    case Activation::tanh:
      return psub(one, pmul(y, y));
    case Activation::sigmoid:
      return psub(y, pmul(y, y));
    case Activation::softplus:
      return psub(one, pexp(pnegate(y)));
    case Activation::identity:
    case Activation::silu:
      break;
  }
  return one;
}

}  // namespace elbow::tiles
