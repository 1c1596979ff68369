#pragma once

#include "image_files.hpp"

namespace elbow::vae {

/// Axes along which there is more than one number.
inline std::vector<Index> long_axes(std::vector<Index> shape) {
  std::erase(shape, 1);
  return shape;
}

/// 1 for pixels that are observed. [C], in C order
inline Eigen::VectorXf observed_pixels(const Options& options, const ImageFiles& images) {
  const std::vector<Index>& shape = images.shape();
  const std::string& which = options.text("observed");
  const bool has_mask = options.has("mask");
  if (has_mask != (which == "mask"))
    throw OptionError(has_mask ? "a mask is given, but observed = \"" + which + "\""
                               : "observed = \"mask\", but no mask is given");
  Eigen::VectorXf seen = Eigen::VectorXf::Ones(images.pixels());
  if (which == "all") return seen;
  if (has_mask) {
    const Array& mask = *options.array("mask");
    const Index size = mask.item_count() * mask.item_size();
    if (size != images.pixels())
      throw OptionError("the mask has " + std::to_string(size) + " pixels, an image " +
                        std::to_string(images.pixels()));
    // One row of pixels fits any image.
    const std::vector<Index> here = long_axes(mask.shape), there = long_axes(shape);
    if (here.size() > 1 && there.size() > 1 && here != there)
      throw OptionError("the mask is " + ImageFiles::extents(mask.shape) + ", an image " +
                        ImageFiles::extents(shape));
    std::visit(
        [&](const auto& numbers) {
          for (Index i = 0; i < seen.size(); ++i)
            seen[i] = numbers[std::size_t(i)] != 0 ? 1.f : 0.f;
        },
        mask.numbers);
    if (seen.sum() == 0) throw OptionError("the mask leaves no pixel observed");
    return seen;
  }
  const std::string along = which == "top" || which == "bottom" ? "row" : "column";
  const auto axis = std::find(images.axes().begin(), images.axes().end(), along);
  if (axis == images.axes().end())
    throw OptionError("observed = \"" + which + "\" needs images with rows and columns" +
                      (options.has("data") && options.array("data")->shape.size() == 2
                           ? "; \"rows\" says how many there are"
                           : ""));
  const std::size_t a = std::size_t(axis - images.axes().begin());
  const Index extent = shape[a];
  Index stride = 1;
  for (std::size_t later = a + 1; later < shape.size(); ++later) stride *= shape[later];
  for (Index i = 0; i < seen.size(); ++i) {
    const Index at = i / stride % extent;
    const bool in =
        which == "top" || which == "left" ? 2 * at < extent : 2 * at >= extent - extent % 2;
    seen[i] = in ? 1.f : 0.f;
  }
  return seen;
}

}  // namespace elbow::vae
