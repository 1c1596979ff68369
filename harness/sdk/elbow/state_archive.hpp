#pragma once

#include <concepts>
#include <cstddef>
#include <elbow/parameters.hpp>
#include <type_traits>
#include <vector>

namespace elbow {

/// The state of a fit on its way into a snapshot, or back out of one. A class names what its later
/// steps depend on in one function, which serves both directions:
///
///     bool state(StateArchive& archive) override {
///       archive(steps_, velocity_, average_);
///       return true;
///     }
///
/// Numbers keep their bits, and blocks their sizes: what is restored was constructed from the same
/// setup as what was saved. Left out is what never changes after construction, what every step
/// computes anew, and the parameters themselves, which the host keeps.
class StateArchive {
 public:
  virtual ~StateArchive() = default;

  /// Saves these bytes, or overwrites them with those that were saved.
  virtual void bytes(void* data, std::size_t size) = 0;
  /// Whether this is the way back, for what has to be made anew from restored numbers.
  virtual bool restoring() const = 0;

  /// Numbers, Eigen's matrices and vectors, Parameters, Gradients, objects with a function `state`
  /// of their own, and vectors of these.
  template <class... Parts>
  void operator()(Parts&... parts) {
    (exchange(parts), ...);
  }

 private:
  template <class T>
  void exchange(T& part) {
    if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
      bytes(&part, sizeof part);
    } else if constexpr (std::derived_from<T, Eigen::PlainObjectBase<T>>) {
      bytes(part.data(), std::size_t(part.size()) * sizeof(typename T::Scalar));
    } else if constexpr (std::same_as<T, Parameters> || std::same_as<T, Gradient>) {
      bytes(part.f64().data(), std::size_t(part.f64().size()) * sizeof(double));
      bytes(part.f32().data(), std::size_t(part.f32().size()) * sizeof(float));
    } else {
      part.state(*this);
    }
  }
  template <class T>
  void exchange(std::vector<T>& list) {
    for (T& part : list) exchange(part);
  }
};

}  // namespace elbow
