#include "data/array_builder.hpp"

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "data/short_number.hpp"

namespace elbow {
namespace {

/// Whole numbers up to here are exact in float64.
constexpr std::int64_t largest_exact = std::int64_t{1} << 53;

template <class To, class T>
bool holds(T number) {
  if constexpr (std::is_same_v<To, double>)
    return true;
  else if constexpr (std::is_same_v<To, float>)
    // What overflows is infinite then, and differs.
    return double(float(number)) == double(number);
  else
    return number >= T(0) && number <= T(255) && T(std::uint8_t(number)) == number;
}

template <class To, class T>
bool holds_all(std::span<const T> numbers) {
  if constexpr (std::is_same_v<To, T>) return true;
  return std::all_of(numbers.begin(), numbers.end(), [](T number) { return holds<To>(number); });
}

}  // namespace

ArrayBuilder::ArrayBuilder(Array::Numbers smallest, std::size_t expected)
    : numbers_(std::move(smallest)), expected_(expected) {
  std::visit([&](auto& kept) { kept.reserve(expected_); }, numbers_);
}

template <class To>
void ArrayBuilder::widen() {
  std::vector<To> wider;
  std::visit(
      [&](const auto& kept) {
        wider.reserve(std::max(expected_, kept.size()));
        wider.assign(kept.begin(), kept.end());
      },
      numbers_);
  numbers_ = std::move(wider);
}

template <class T>
void ArrayBuilder::append(std::span<const T> numbers) {
  if (std::holds_alternative<std::vector<std::uint8_t>>(numbers_) &&
      !holds_all<std::uint8_t>(numbers))
    widen<float>();
  if (std::holds_alternative<std::vector<float>>(numbers_) && !holds_all<float>(numbers))
    widen<double>();
  std::visit(
      [&]<class To>(std::vector<To>& kept) {
        const std::size_t size = kept.size();
        kept.resize(size + numbers.size());
        std::transform(numbers.begin(), numbers.end(), kept.begin() + std::ptrdiff_t(size),
                       [](T number) { return To(number); });
      },
      numbers_);
}

template <class T>
std::optional<Unusable> unusable(std::span<const T> numbers) {
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const T number = numbers[i];
    if constexpr (std::is_floating_point_v<T>) {
      if (!std::isfinite(number))
        return Unusable{i, "expected a finite number, got " + short_number(double(number))};
    } else if constexpr (sizeof(T) == 8) {
      const bool exact =
          number <= T(largest_exact) && (std::is_unsigned_v<T> || number >= T(-largest_exact));
      if (!exact)
        return Unusable{i, "expected an integer of at most 2^53, as a float64 holds exactly, got " +
                               std::to_string(number)};
    }
  }
  return {};
}

template void ArrayBuilder::append(std::span<const std::uint8_t>);
template void ArrayBuilder::append(std::span<const std::int64_t>);
template void ArrayBuilder::append(std::span<const std::uint64_t>);
template void ArrayBuilder::append(std::span<const float>);
template void ArrayBuilder::append(std::span<const double>);
template std::optional<Unusable> unusable(std::span<const std::uint8_t>);
template std::optional<Unusable> unusable(std::span<const std::int64_t>);
template std::optional<Unusable> unusable(std::span<const std::uint64_t>);
template std::optional<Unusable> unusable(std::span<const float>);
template std::optional<Unusable> unusable(std::span<const double>);

std::string shape_text(const std::vector<Index>& shape) {
  std::string text;
  for (const Index extent : shape) text += (text.empty() ? "" : " x ") + std::to_string(extent);
  return text;
}

std::string subscript_text(const std::vector<Index>& shape, std::uint64_t number) {
  std::string text;
  for (std::size_t axis = shape.size(); axis-- > 0; number /= std::uint64_t(shape[axis]))
    text = std::to_string(number % std::uint64_t(shape[axis])) + (text.empty() ? "" : ", ") + text;
  return "[" + text + "]";
}

}  // namespace elbow
