#pragma once

#include <array>
#include <elbow/elbow.hpp>

namespace elbow {

/// Which of a model's data items train it, and which are held out: the first `train` items of the
/// data, the next `validation` and the next `test` ones, or the first ones of files of their own.
class Splits {
 public:
  /// @param train, test  how many items are generated where the options do not say
  static std::vector<Option> options(Index train, Index test) {
    return {integer("train", optional,
                    "items to train on; without it " + std::to_string(train) +
                        " generated ones, or all that the file has beside the others")
                .at_least(1),
            integer("validation", optional,
                    "items held out for validation; without it none, or the whole file")
                .at_least(0),
            integer("test", optional,
                    "items held out for testing; without it " + std::to_string(test) +
                        " generated ones, a tenth of the data, or the whole file")
                .at_least(1)};
  }

  /// What a model generates. [train, validation, test]
  static std::array<Index, 3> generated(const Options& options, Index train, Index test) {
    return {options.has("train") ? options.integer("train") : train,
            options.has("validation") ? options.integer("validation") : 0,
            options.has("test") ? options.integer("test") : test};
  }

  /// Of generated data, in this order.
  explicit Splits(const std::array<Index, 3>& counts)
      : counts_(counts), first_{0, counts[0], counts[0] + counts[1]} {}

  /// @param data        items in the data themselves
  /// @param validation, test  items in files of their own, or -1 where there is none
  /// @throws OptionError when a split is larger than its file, or nothing is left to train on.
  Splits(const Options& options, Index data, Index validation = -1, Index test = -1) {
    const auto given = [&](const char* name, Index otherwise) {
      return options.has(name) ? options.integer(name) : otherwise;
    };
    counts_[1] = given("validation", std::max<Index>(validation, 0));
    counts_[2] = given("test", test >= 0 ? test : std::max<Index>(1, data / 10));
    check("validation", counts_[1], validation);
    check("test", counts_[2], test);
    const Index held_out = (validation < 0 ? counts_[1] : 0) + (test < 0 ? counts_[2] : 0);
    counts_[0] = given("train", data - held_out);
    if (counts_[0] < 1 && !options.has("train"))
      throw OptionError("nothing is left to train on: " + std::to_string(held_out) +
                        " of the data's " + std::to_string(data) + " items are held out");
    if (counts_[0] < 1 || counts_[0] + held_out > data)
      throw OptionError("train = " + std::to_string(counts_[0]) +
                        " and held-out items = " + std::to_string(held_out) +
                        ", but the data have " + std::to_string(data) + " items");
    if (validation < 0) first_[1] = counts_[0];
    if (test < 0) first_[2] = counts_[0] + (validation < 0 ? counts_[1] : 0);
  }

  Index count(LatentItems::Split split) const { return counts_[std::size_t(split)]; }
  /// Where a split begins in its file.
  Index first(LatentItems::Split split) const { return first_[std::size_t(split)]; }

 private:
  static void check(const std::string& name, Index wanted, Index available) {
    if (available >= 0 && wanted > available)
      throw OptionError(name + " = " + std::to_string(wanted) + ", but " + name + "_data has " +
                        std::to_string(available) + " items");
  }

  std::array<Index, 3> counts_{}, first_{};
};

}  // namespace elbow
