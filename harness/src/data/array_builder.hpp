#pragma once

#include <elbow/array.hpp>
#include <optional>
#include <span>
#include <string>

namespace elbow {

/// Collects the numbers of an array, kept in the smallest type that holds all of them exactly:
/// uint8, else float32, else float64.
class ArrayBuilder {
 public:
  /// @param smallest  the type to begin with; it is only ever widened
  /// @param expected  as many numbers as room is made for
  ArrayBuilder(Array::Numbers smallest, std::size_t expected);

  /// T: uint8, int64, uint64, float or double. @pre `unusable(numbers)` has found none.
  template <class T>
  void append(std::span<const T> numbers);

  /// @pre as many numbers were appended as the shape has.
  Array array(std::vector<Index> shape) && { return {std::move(shape), std::move(numbers_)}; }

 private:
  template <class To>
  void widen();

  Array::Numbers numbers_;
  std::size_t expected_;
};

/// The first of the numbers that an array cannot hold, and why.
struct Unusable {
  std::size_t index;
  std::string text;  ///< "expected ..., got ..."
};
/// Reals must be finite, integers such that a float64 holds them exactly.
template <class T>
std::optional<Unusable> unusable(std::span<const T> numbers);

/// "60000 x 28 x 28"
std::string shape_text(const std::vector<Index>& shape);
/// Where the number with this place in C order is: "[3, 0, 27]".
std::string subscript_text(const std::vector<Index>& shape, std::uint64_t number);

}  // namespace elbow
