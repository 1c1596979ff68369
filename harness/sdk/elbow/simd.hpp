#pragma once

#include <cstdint>
#include <cstring>
#include <elbow/types.hpp>
#include <iterator>

/// Arithmetic on vector registers as wide as this machine has them, for loops whose time counts. A
/// register of Eigen's (`Eigen::internal::packet_traits`) is one of these.
namespace elbow::simd {

inline constexpr int register_bytes = EIGEN_MAX_ALIGN_BYTES < 16 ? 16 : EIGEN_MAX_ALIGN_BYTES;

/// One register of numbers. The polynomials interpolate exp at the Chebyshev nodes of
/// |r| <= log(2) / 2; relative errors 2.5e-9 and 3e-16.
template <class T>
struct Simd;
template <>
struct Simd<float> {
  typedef float V __attribute__((vector_size(register_bytes)));
  typedef std::int32_t I __attribute__((vector_size(register_bytes)));
  static constexpr int mantissa_bits = 23;
  static constexpr float lowest = -87.0f, magic = 0x1.8p23f;
  static constexpr float log2e = 1.44269504f, ln2_high = 0.693359375f, ln2_low = -2.12194440e-4f;
  static constexpr float exp_coefficients[] = {1.0f,
                                               1.00000003779890956e+00f,
                                               5.00000004722104707e-01f,
                                               1.66664151475332034e-01f,
                                               4.16663524382479902e-02f,
                                               8.37515695468468019e-03f,
                                               1.39411465978026591e-03f};
};
template <>
struct Simd<double> {
  typedef double V __attribute__((vector_size(register_bytes)));
  typedef std::int64_t I __attribute__((vector_size(register_bytes)));
  static constexpr int mantissa_bits = 52;
  static constexpr double lowest = -708.0, magic = 0x1.8p52;
  static constexpr double log2e = 1.4426950408889634, ln2_high = 6.93145751953125e-1,
                          ln2_low = 1.42860682030941723212e-6;
  static constexpr double exp_coefficients[] = {
      1.0,
      1.00000000000000666e+00,
      5.00000000000000555e-01,
      1.66666666665540752e-01,
      4.16666666665728713e-02,
      8.33333338578249455e-03,
      1.38888889325841560e-03,
      1.98411701249606270e-04,
      2.48015042258110663e-05,
      2.76402413348615065e-06,
      2.76264076709054697e-07,
  };
};

template <class T>
constexpr Index lanes = register_bytes / Index(sizeof(T));

/// From memory that is aligned to a register.
template <class T>
inline typename Simd<T>::V load(const T* from) {
  typename Simd<T>::V v;
  std::memcpy(&v, __builtin_assume_aligned(from, register_bytes), sizeof v);
  return v;
}
/// To memory that is aligned to a register.
template <class T>
inline void store(T* to, typename Simd<T>::V v) {
  std::memcpy(__builtin_assume_aligned(to, register_bytes), &v, sizeof v);
}
/// The same number in every lane; subtracting zero is the identity.
template <class T>
inline typename Simd<T>::V broadcast(T value) {
  return value - typename Simd<T>::V{};
}

/// exp(x) for x <= 0; x below the smallest normal result is raised to it, NaN stays NaN.
template <class T>
inline typename Simd<T>::V exp_nonpositive(typename Simd<T>::V x) {
  using S = Simd<T>;
  using V = typename S::V;
  using I = typename S::I;
  x = x < S::lowest ? broadcast<T>(S::lowest) : x;
  // Adding 1.5 * 2^mantissa_bits leaves round(x / log 2) in the lowest bits of the mantissa.
  const V shifted = x * S::log2e + S::magic;
  const V n = shifted - S::magic;
  const V r = (x - n * S::ln2_high) - n * S::ln2_low;
  constexpr int degree = int(std::size(S::exp_coefficients)) - 1;
  V p = broadcast<T>(S::exp_coefficients[degree]);
  for (int k = degree - 1; k >= 0; --k) p = p * r + S::exp_coefficients[k];
  I bits, exponent;
  std::memcpy(&bits, &p, sizeof bits);
  std::memcpy(&exponent, &shifted, sizeof exponent);
  bits += exponent << S::mantissa_bits;
  std::memcpy(&p, &bits, sizeof p);
  return p;
}

}  // namespace elbow::simd
