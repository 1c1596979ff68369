#pragma once

#include <string>
#include <vector>

namespace elbow {

/// One line of a plot. Points that are not finite, or whose x is not positive on a logarithmic
/// axis, are left out of the line.
struct PlotLine {
  std::string label;   ///< shown when the pointer rests on the line
  std::size_t colour;  ///< any number; lines of one number look the same
  std::vector<double> x, y;
  std::vector<double> error;  ///< standard errors of y, drawn as bars; empty for none
  bool settled = true;        ///< false: the axis need not reach it
};

struct PlotAxis {
  std::string label;
  bool logarithmic = false;
};

/// A drawing in SVG, and what it could not show.
struct Plot {
  std::string svg;                   ///< to stand inside HTML; empty when there is nothing to draw
  std::vector<std::string> outside;  ///< labels, with the value, of what is outside of the axis
};

/// 640 x 340 units; colours are the classes c0 ... c7 of the page's style sheet. The y axis shows
/// where most lines end, and is not stretched for single lines that end far away: where such a line
/// leaves the plot for good there is a triangle at the edge. Beginnings far off are cut off.
/// @return without drawing when no line has two points
Plot line_plot(const PlotAxis& x, const std::string& y_label, const std::vector<PlotLine>& lines);

/// One mean with its standard deviation.
struct PlotInterval {
  std::size_t colour;
  std::string label;
  double mean, sd;
  bool settled = true;  ///< false: the axis need not reach it
};

/// Intervals mean +- sd below each other on one axis, a dot at each mean. The axis is not stretched
/// for single ones that are far away or far wider: they end in a triangle at the edge. What is not
/// finite is written in words.
Plot interval_plot(const std::vector<PlotInterval>& intervals);

/// Text for HTML and SVG: markup characters escaped, control characters and invalid UTF-8 replaced.
std::string html_escaped(const std::string& text);

/// How many colours there are before they repeat.
inline constexpr std::size_t plot_colours = 8;

}  // namespace elbow
