#pragma once

#include <array>
#include <charconv>
#include <elbow/elbow.hpp>

#include "../latent_items/splits.hpp"

namespace elbow::vae {

using Split = LatentItems::Split;

/// Small grey images of bars and strokes: one to three full rows or columns (Foeldiak 1990), or a
/// straight stroke between two points, with soft edges. uint8 [image x row x column].
inline std::shared_ptr<const Array> bars_and_strokes(Index count, Index rows, Index columns,
                                                     RandomStream stream) {
  auto images = std::make_shared<Array>();
  images->shape = {count, rows, columns};
  std::vector<std::uint8_t> pixels(std::size_t(count * rows * columns), 0);
  for (Index n = 0; n < count; ++n) {
    std::uint8_t* const image = pixels.data() + n * rows * columns;
    if (stream.uniform() < 0.5) {
      for (Index bars = 1 + stream.integer(3); bars > 0; --bars) {
        const bool across = stream.uniform() < 0.5;
        const Index at = stream.integer(across ? rows : columns);
        for (Index i = 0; i < (across ? columns : rows); ++i)
          image[across ? at * columns + i : i * columns + at] = 255;
      }
      continue;
    }
    const auto point = [&] {
      return Eigen::Vector2d(stream.uniform() * double(rows), stream.uniform() * double(columns));
    };
    const Eigen::Vector2d from = point(), along = point() - from;
    for (Index i = 0; i < rows; ++i)
      for (Index j = 0; j < columns; ++j) {
        const Eigen::Vector2d pixel(double(i) + 0.5, double(j) + 0.5);
        const double t = (pixel - from).dot(along) / std::max(along.squaredNorm(), 1e-12);
        const double distance = (pixel - from - std::clamp(t, 0.0, 1.0) * along).norm();
        image[i * columns + j] = std::uint8_t(255 * std::clamp(1.3 - distance, 0.0, 1.0));
      }
  }
  images->numbers = std::move(pixels);
  return images;
}

/// The images of all splits, as they are stored: bytes stay bytes.
class ImageFiles {
 public:
  static constexpr Index generated_side = 12, generated_train = 1000, generated_test = 200;

  static std::vector<Option> options() {
    std::vector<Option> all = {
        array(
            "data", optional,
            "images along the first axis: bytes are divided by 255, unless none is above 1 (black "
            "and white as 0 and 1); other numbers are taken as they are; without it small images "
            "of bars and strokes are generated"),
        array("validation_data", optional, "images for validation, in a file of their own"),
        array("test_data", optional, "images for testing, in a file of their own"),
        integer("rows", optional,
                "of generated images (12 without it), or of images that lie in their file as one "
                "row of pixels")
            .at_least(1),
        integer("columns", optional, "of generated images; 12 without it").at_least(1)};
    for (Option& option : Splits::options(generated_train, generated_test))
      all.push_back(std::move(option));
    return all;
  }

  /// @param bounded  whether pixels must lie in [0, 1]
  ImageFiles(const ModelSetup& setup, bool bounded)
      : files_(open(setup)), splits_(splits(setup.options)) {
    static constexpr const char* names[] = {"data", "validation_data", "test_data"};
    for (std::size_t f = 0; f < 3; ++f) {
      if (!files_[f]) continue;
      if (files_[f]->shape.size() < 2)
        throw Error(std::string(names[f]) +
                    ": expected images along the first of two axes or more, got one axis of " +
                    std::to_string(files_[f]->item_count()) + " numbers");
      if (files_[f]->item_size() != files_[0]->item_size())
        throw Error(std::string(names[f]) + ": an image has " +
                    std::to_string(files_[f]->item_size()) + " pixels, those of data have " +
                    std::to_string(files_[0]->item_size()));
      // One row of pixels fits any image: the same files may be written as tables and as images.
      const std::vector<Index> here = image_shape(*files_[f]), there = image_shape(*files_[0]);
      if (here.size() > 1 && there.size() > 1 && here != there)
        throw Error(std::string(names[f]) + ": an image is " + extents(here) +
                    ", those of data are " + extents(there));
      if (bounded) check_range(*files_[f], names[f]);
    }
    black_and_white_ = setup.options.has("data") && bytes_are_bits();
    const std::vector<Index>& shape = files_[0]->shape;
    const Options& given = setup.options;
    if (shape.size() == 2 && given.has("rows")) {
      const Index rows = given.integer("rows");
      if (shape[1] % rows != 0)
        throw OptionError("rows = " + std::to_string(rows) + " do not divide the " +
                          std::to_string(shape[1]) + " pixels of an image");
      shape_ = {rows, shape[1] / rows};
    } else {
      shape_ = image_shape(*files_[0]);
    }
    name_axes();
    if (given.has("data") && (given.has("columns") || (given.has("rows") && shape.size() != 2)))
      throw OptionError("rows and columns are of generated images; those of data are " +
                        extents(shape_));
  }

  Index count(Split split) const { return splits_.count(split); }
  Index pixels() const { return files_[0]->item_size(); }
  const std::vector<Index>& shape() const { return shape_; }
  /// Of `shape`: "row", "column" and "channel" where they are known, "pixel" where all lie along
  /// one.
  const std::vector<std::string>& axes() const { return axes_; }
  /// Whether the bytes of all files are 0 and 1: of grey values, 1 would be as good as black.
  bool black_and_white() const { return black_and_white_; }
  /// Grey value of a stored 1 of type T.
  template <class T>
  double unit() const {
    return sizeof(T) == 1 && !black_and_white_ ? 1.0 / 255 : 1;
  }
  bool all_bytes() const {
    return std::all_of(files_.begin(), files_.end(), [](const auto& file) {
      return !file || std::holds_alternative<Bytes>(file->numbers);
    });
  }

  /// "28 x 28"
  static std::string extents(const std::vector<Index>& shape) {
    std::string text;
    for (std::size_t axis = 0; axis < shape.size(); ++axis)
      text += (axis > 0 ? " x " : "") + std::to_string(shape[axis]);
    return text;
  }

  /// Calls `use(position in the block, numbers)` with the stored numbers of each item, in C order.
  template <class Use>
  void for_items(Split split, std::span<const Index> items, Use&& use) const {
    const bool own = files_[std::size_t(split)] != nullptr;
    const Array& file = *files_[own ? std::size_t(split) : 0];
    std::visit(
        [&](const auto& numbers) {
          const auto item = [&](std::size_t b) {
            return numbers.data() + (splits_.first(split) + items[b]) * pixels();
          };
          // Items in random order are not in the caches: a line of each is fetched first, so that
          // their pages are looked up at once, then whole items before their use.
          constexpr std::size_t ahead = 4;
          for (std::size_t b = 0; b < items.size(); ++b) __builtin_prefetch(item(b));
          for (std::size_t b = 0; b < items.size() + ahead; ++b) {
            if (b < items.size()) prefetch(item(b), item(b) + pixels());
            if (b >= ahead) use(Index(b - ahead), item(b - ahead));
          }
        },
        file.numbers);
  }

 private:
  static void prefetch(const void* first, const void* last) {
    constexpr std::ptrdiff_t cache_line = 64;
    for (auto at = static_cast<const char*>(first); at < last; at += cache_line)
      __builtin_prefetch(at);
  }

  using Files = std::array<std::shared_ptr<const Array>, 3>;
  using Bytes = std::vector<std::uint8_t>;

  /// Without axes of one channel: [1 x 28 x 28] and [28 x 28 x 1] are [28 x 28].
  static std::vector<Index> image_shape(const Array& file) {
    std::vector<Index> shape(file.shape.begin() + 1, file.shape.end());
    while (shape.size() > 2) {
      const auto one = std::find(shape.begin(), shape.end(), 1);
      if (one == shape.end()) break;
      shape.erase(one);
    }
    return shape;
  }
  /// Few numbers along the last axis, or along the first one, are colours.
  void name_axes() {
    constexpr Index most_channels = 4;
    if (shape_.size() == 2)
      axes_ = {"row", "column"};
    else if (shape_.size() == 3 && shape_[2] <= most_channels)
      axes_ = {"row", "column", "channel"};
    else if (shape_.size() == 3 && shape_[0] <= most_channels)
      axes_ = {"channel", "row", "column"};
    else
      shape_ = {pixels()}, axes_ = {"pixel"};
  }
  bool bytes_are_bits() const {
    bool has_one = false;
    for (const auto& file : files_) {
      const Bytes* const bytes = file ? std::get_if<Bytes>(&file->numbers) : nullptr;
      if (!bytes) continue;
      for (const std::uint8_t byte : *bytes) {
        if (byte > 1) return false;
        has_one |= byte == 1;
      }
    }
    return has_one;
  }

  static Files open(const ModelSetup& setup) {
    const Options& given = setup.options;
    Files files;
    if (given.has("validation_data")) files[1] = given.array("validation_data");
    if (given.has("test_data")) files[2] = given.array("test_data");
    if (given.has("data")) {
      files[0] = given.array("data");
      return files;
    }
    if (files[1] || files[2])
      throw OptionError("held-out images are given in files, but data to train on are not");
    const auto counts = Splits::generated(given, generated_train, generated_test);
    files[0] = bars_and_strokes(counts[0] + counts[1] + counts[2],
                                given.has("rows") ? given.integer("rows") : generated_side,
                                given.has("columns") ? given.integer("columns") : generated_side,
                                setup.data_stream);
    return files;
  }
  Splits splits(const Options& given) const {
    const auto items = [&](std::size_t f) { return files_[f] ? files_[f]->item_count() : -1; };
    if (!given.has("data"))
      return Splits(Splits::generated(given, generated_train, generated_test));
    return {given, items(0), items(1), items(2)};
  }
  /// In as many digits as tell it from the bounds.
  static std::string shortest(double number) {
    std::array<char, 32> text;
    return {text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr};
  }
  static void check_range(const Array& file, const std::string& name) {
    std::visit(
        [&](const auto& numbers) {
          if constexpr (sizeof numbers[0] > 1)
            for (std::size_t i = 0; i < numbers.size(); ++i) {
              if (numbers[i] >= 0 && numbers[i] <= 1) continue;
              const std::size_t size = std::size_t(file.item_size());
              throw Error(name + ": expected pixels in [0, 1], found " +
                          shortest(double(numbers[i])) + " in image " + std::to_string(i / size) +
                          ", pixel " + std::to_string(i % size) + " (from 0)");
            }
        },
        file.numbers);
  }

  Files files_;  ///< null where a split is a part of the first
  Splits splits_;
  std::vector<Index> shape_;
  std::vector<std::string> axes_;
  bool black_and_white_;
};

}  // namespace elbow::vae
