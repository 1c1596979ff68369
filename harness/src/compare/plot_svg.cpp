#include "compare/plot_svg.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "compare/number_text.hpp"
#include "data/short_number.hpp"

namespace elbow {

namespace {

/// The parts behind each other.
template <class... Parts>
std::string concat(const Parts&... parts) {
  std::string out;
  (out.append(parts), ...);
  return out;
}

std::string coordinate(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

std::string colour_class(std::size_t colour) {
  return concat("c", std::to_string(colour % plot_colours),
                (colour / plot_colours % 2 == 1 ? " dashed" : ""));
}

/// Ticks at 1, 2 or 5 times a power of ten, about five of them.
std::vector<double> linear_ticks(double low, double high) {
  const double raw = (high - low) / 5;
  const double power = std::pow(10, std::floor(std::log10(raw)));
  const double step = power * (raw / power < 1.5   ? 1
                               : raw / power < 3.5 ? 2
                               : raw / power < 7.5 ? 5
                                                   : 10);
  std::vector<double> ticks;
  for (double k = std::ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; ++k)
    ticks.push_back(k * step);
  return ticks;
}

/// Powers of ten between logarithms; with less than two of them also 2 and 5 times these.
std::vector<double> logarithmic_ticks(double low, double high) {
  std::vector<double> ticks;
  const double stride = std::fmax(1, std::ceil((high - low) / 7));
  for (double k = std::floor(low); k <= high + 1e-9; k += stride)
    for (double factor : {1., 2., 5.})
      if (const double at = k + std::log10(factor);
          (factor == 1 || high - low < 2) && at >= low - 1e-9 && at <= high + 1e-9)
        ticks.push_back(at);
  return ticks;
}

/// With the digits that tell neighbouring ticks apart.
std::string tick_label(double value, double step) {
  if (std::fabs(value) < step * 1e-6) value = 0;
  if (value != 0 && (std::fabs(value) >= 1e5 || step < 1e-4)) {
    const double ratio = std::fmax(std::fabs(value) / step, 1);
    return short_number(value, std::min(17, int(std::ceil(std::log10(ratio))) + 1));
  }
  const int decimals = std::max(0, int(std::ceil(-std::log10(step) - 1e-9)));
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

/// A range of data mapped to a range of the drawing.
struct Scale {
  bool logarithmic;
  double low, high;   ///< of the data, or of their logarithms
  double begin, end;  ///< of the drawing

  double operator()(double value) const {
    const double v = logarithmic ? std::log10(value) : value;
    return begin + (v - low) / (high - low) * (end - begin);
  }
};

Scale make_scale(bool logarithmic, double low, double high, double begin, double end) {
  if (logarithmic) low = std::log10(low), high = std::log10(high);
  if (!(high > low)) {
    const double margin = std::fmax(std::fabs(low) * 1e-3, 0.5);
    low -= margin, high += margin;
  }
  return {logarithmic, low, high, begin, end};
}

constexpr double left = 84, right = 628, top = 12, bottom = 290;

std::string text_at(double x, double y, const char* anchor, const std::string& text) {
  return concat("<text x=\"", coordinate(x), "\" y=\"", coordinate(y), "\" text-anchor=\"", anchor,
                "\">", html_escaped(text), "</text>");
}

std::string straight(double x1, double y1, double x2, double y2, const char* style) {
  return concat("<line class=\"", style, "\" x1=\"", coordinate(x1), "\" y1=\"", coordinate(y1),
                "\" x2=\"", coordinate(x2), "\" y2=\"", coordinate(y2), "\"/>");
}

std::string x_axis(const Scale& scale, const std::string& label, double y0, double y1) {
  std::string out;
  const auto ticks = scale.logarithmic ? logarithmic_ticks(scale.low, scale.high)
                                       : linear_ticks(scale.low, scale.high);
  const double step = ticks.size() > 1 ? ticks[1] - ticks[0] : 1;
  for (const double tick : ticks) {
    const double value = scale.logarithmic ? std::pow(10, tick) : tick;
    const double x = scale(value);
    out += straight(x, y0, x, y1, "grid");
    // A label at the right end stays inside the drawing.
    out += text_at(std::fmin(x, right - 6), y1 + 16, "middle",
                   scale.logarithmic ? short_number(value, 4) : tick_label(value, step));
  }
  return concat(out, text_at((left + right) / 2, y1 + 36, "middle", label));
}

std::string y_axis(const Scale& scale, const std::string& label) {
  std::string out;
  const auto ticks = linear_ticks(scale.low, scale.high);
  const double step = ticks.size() > 1 ? ticks[1] - ticks[0] : 1;
  for (const double tick : ticks) {
    out += straight(left, scale(tick), right, scale(tick), "grid");
    out += text_at(left - 6, scale(tick) + 4, "end", tick_label(tick, step));
  }
  const std::string middle = coordinate((top + bottom) / 2);
  return concat(out, "<text x=\"14\" y=\"", middle,
                "\" text-anchor=\"middle\" transform=\"rotate(-90 14 ", middle, ")\">",
                html_escaped(label), "</text>");
}

/// The points of a line that axes can show.
PlotLine drawable(const PlotLine& line, const PlotAxis& x) {
  PlotLine out{line.label, line.colour, {}, {}, {}, line.settled};
  for (std::size_t i = 0; i < line.x.size(); ++i) {
    if (!std::isfinite(line.x[i]) || !std::isfinite(line.y[i])) continue;
    if (x.logarithmic && line.x[i] <= 0) continue;
    out.x.push_back(line.x[i]);
    out.y.push_back(line.y[i]);
    out.error.push_back(i < line.error.size() && std::isfinite(line.error[i]) ? line.error[i] : 0);
  }
  return out;
}

/// The element at a rank, 0 being the smallest.
double ranked(std::vector<double> values, std::size_t rank) {
  const auto place = values.begin() + std::ptrdiff_t(rank);
  std::nth_element(values.begin(), place, values.end());
  return *place;
}
/// Of two middle ones the upper.
double median(const std::vector<double>& values) { return ranked(values, values.size() / 2); }

/// The median distance from a centre; of two middle ones the lower, so that the worse half of the
/// values does not decide what is far.
double typical_distance(const std::vector<double>& values, double centre) {
  std::vector<double> distances;
  for (const double value : values) distances.push_back(std::fabs(value - centre));
  return ranked(distances, (distances.size() - 1) / 2);
}

/// Around the ends of the lines that are not far from the others, with as much of their beginnings
/// as does not flatten the ends.
Scale y_scale(const std::vector<PlotLine>& lines) {
  const bool any_settled =
      std::any_of(lines.begin(), lines.end(), [](const PlotLine& line) { return line.settled; });
  std::vector<double> ends;
  for (const PlotLine& line : lines)
    if (line.settled || !any_settled) ends.push_back(line.y.back());
  const double centre = median(ends);
  const double farthest =
      std::max({20 * typical_distance(ends, centre), 0.1 * std::fabs(centre), 10.});

  double low = std::numeric_limits<double>::infinity(), high = -low;
  double lowest_end = low, highest_end = high, error = 0;
  for (const PlotLine& line : lines) {
    const double end = line.y.back();
    if (std::fabs(end - centre) > farthest) continue;
    for (std::size_t i = 0; i < line.y.size(); ++i) {
      low = std::fmin(low, line.y[i] - line.error[i]);
      high = std::fmax(high, line.y[i] + line.error[i]);
    }
    lowest_end = std::fmin(lowest_end, end);
    highest_end = std::fmax(highest_end, end);
    error = std::fmax(error, std::fmin(line.error.back(), farthest));
  }
  const double spread =
      std::max({highest_end - lowest_end, 5 * error, 1e-3 * std::fabs(highest_end)});
  low = std::fmax(low, lowest_end - 2 * spread);
  high = std::fmin(high, highest_end + 2 * spread);
  const double margin = 0.04 * (high - low);
  return make_scale(false, low - margin, high + margin, bottom, top);
}

std::string triangle(double x1, double y1, double x2, double y2, double x3, double y3) {
  return concat("<polygon points=\"", coordinate(x1), ",", coordinate(y1), " ", coordinate(x2), ",",
                coordinate(y2), " ", coordinate(x3), ",", coordinate(y3), "\"/>");
}

/// Where a line that ends outside leaves the plot for good; nothing for the others.
std::string exit_mark(const PlotLine& line, const Scale& sx, const Scale& sy) {
  const auto is_outside = [&](double y) { return sy(y) < top || sy(y) > bottom; };
  std::size_t leaves = line.y.size();
  while (leaves > 0 && is_outside(line.y[leaves - 1])) --leaves;
  if (leaves == line.y.size()) return "";
  const double x = std::clamp(sx(line.x[leaves]), left + 5, right - 5);
  const double edge = line.y.back() < sy.low ? bottom : top;
  const double inwards = edge == bottom ? -9 : 9;
  return triangle(x - 5, edge + inwards, x + 5, edge + inwards, x, edge);
}

/// The points of an axis for intervals that are not far from the others, lowest and highest.
std::pair<double, double> interval_range(const std::vector<PlotInterval>& intervals) {
  std::vector<double> means, sds;
  const auto sd_of = [](const PlotInterval& i) { return std::isfinite(i.sd) ? i.sd : 0; };
  for (const PlotInterval& interval : intervals)
    if (std::isfinite(interval.mean) && interval.settled) {
      means.push_back(interval.mean);
      sds.push_back(sd_of(interval));
    }
  // Of one or two, none is the odd one out.
  const double all = std::numeric_limits<double>::infinity();
  const double centre = means.size() > 2 ? median(means) : 0;
  const double farthest =
      means.size() > 2
          ? 20 * std::max({median(sds), typical_distance(means, centre), 1e-3 * std::fabs(centre)})
          : all;
  double low = all, high = -all;
  for (const PlotInterval& interval : intervals) {
    if (!std::isfinite(interval.mean) || (!interval.settled && !means.empty())) continue;
    const double sd = sd_of(interval);
    if (std::fabs(interval.mean - centre) > farthest || sd > farthest) continue;
    low = std::fmin(low, interval.mean - sd);
    high = std::fmax(high, interval.mean + sd);
  }
  return low > high ? std::pair(0., 1.) : std::pair(low, high);  // nothing but words to show
}

}  // namespace

std::string html_escaped(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    // Well-formed UTF-8 of two to four bytes is passed on whole.
    const std::size_t length = c < 0x80                ? 1
                               : c >= 0xC2 && c < 0xE0 ? 2
                               : c >= 0xE0 && c < 0xF0 ? 3
                               : c >= 0xF0 && c < 0xF5 ? 4
                                                       : 0;
    bool whole = length > 0 && i + length <= text.size();
    for (std::size_t k = 1; whole && k < length; ++k)
      whole = (static_cast<unsigned char>(text[i + k]) & 0xC0) == 0x80;
    if (!whole) {
      out += "\xEF\xBF\xBD";  // U+FFFD
      ++i;
      continue;
    }
    if (length > 1)
      out += text.substr(i, length);
    else if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else if (c == '\'')
      out += "&#39;";
    else if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7F)
      out += "\xEF\xBF\xBD";
    else
      out += text[i];
    i += length;
  }
  return out;
}

Plot line_plot(const PlotAxis& x, const std::string& y_label, const std::vector<PlotLine>& lines) {
  Plot plot;
  std::vector<PlotLine> shown;
  for (const PlotLine& line : lines) {
    if (!line.y.empty() && !std::isfinite(line.y.back()))
      plot.outside.push_back(line.label + ": " + plain_number(line.y.back()));
    if (PlotLine points = drawable(line, x); points.x.size() > 1)
      shown.push_back(std::move(points));
  }
  if (shown.empty()) return plot;
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const PlotLine& line : shown) {
    low = std::fmin(low, *std::min_element(line.x.begin(), line.x.end()));
    high = std::fmax(high, *std::max_element(line.x.begin(), line.x.end()));
  }
  const Scale sx = make_scale(x.logarithmic, low, high, left, right);
  const Scale sy = y_scale(shown);

  // A nested viewport clips what leaves the plot, without an id that a second plot could repeat.
  std::string out = concat("<svg viewBox=\"0 0 640 340\" role=\"img\" aria-label=\"",
                           html_escaped(y_label + " against " + x.label), "\">");
  out += y_axis(sy, y_label) + x_axis(sx, x.label, top, bottom);
  out += concat("<svg x=\"", coordinate(left), "\" y=\"", coordinate(top), "\" width=\"",
                coordinate(right - left), "\" height=\"", coordinate(bottom - top), "\" viewBox=\"",
                coordinate(left), " ", coordinate(top), " ", coordinate(right - left), " ",
                coordinate(bottom - top), "\">");
  // What lies far outside is moved to just outside, for renderers with 16-bit coordinates.
  const auto y_of = [&](double value) { return std::clamp(sy(value), top - 2000, bottom + 2000); };
  for (const PlotLine& line : shown) {
    out += concat("<g class=\"", colour_class(line.colour), "\"><title>",
                  html_escaped(line.label + ": " + plain_number(line.y.back())),
                  "</title><polyline points=\"");
    for (std::size_t i = 0; i < line.x.size(); ++i)
      out.append(i > 0 ? " " : "")
          .append(coordinate(sx(line.x[i])))
          .append(",")
          .append(coordinate(y_of(line.y[i])));
    out += "\"/>";
    for (std::size_t i = 0; i < line.x.size(); ++i)
      if (line.error[i] > 0)
        out += straight(sx(line.x[i]), y_of(line.y[i] - line.error[i]), sx(line.x[i]),
                        y_of(line.y[i] + line.error[i]), "bar");
    const std::string mark = exit_mark(line, sx, sy);
    if (!mark.empty()) plot.outside.push_back(line.label + ": " + plain_number(line.y.back()));
    out += mark + "</g>";
  }
  plot.svg = concat(out, "</svg></svg>\n");
  return plot;
}

Plot interval_plot(const std::vector<PlotInterval>& intervals) {
  Plot plot;
  const auto [low, high] = interval_range(intervals);
  const double margin = 0.04 * (high - low);
  constexpr double begin = 16, width = 360, row_height = 14, first = 10;
  const Scale scale = make_scale(false, low - margin, high + margin, begin, width - begin);
  const double end = first + row_height * double(intervals.size());
  std::string out = concat("<svg viewBox=\"0 0 360 ", coordinate(end + 24), "\" role=\"img\">");
  const auto ticks = linear_ticks(scale.low, scale.high);
  const double step = ticks.size() > 1 ? ticks[1] - ticks[0] : 1;
  for (const double tick : ticks) {
    out += straight(scale(tick), 2, scale(tick), end, "grid");
    out += text_at(scale(tick), end + 16, "middle", tick_label(tick, step));
  }
  for (std::size_t i = 0; i < intervals.size(); ++i) {
    const PlotInterval& interval = intervals[i];
    const double y = first + row_height * double(i);
    const std::string text = interval.label + ": mean " + plain_number(interval.mean) + ", sd " +
                             plain_number(interval.sd);
    out += concat("<g class=\"", colour_class(interval.colour), "\"><title>", html_escaped(text),
                  "</title>");
    if (!std::isfinite(interval.mean)) {
      out += text_at(begin, y + 4, "start", plain_number(interval.mean));
    } else {
      const double sd = std::isfinite(interval.sd) ? interval.sd : 0;
      const double from = interval.mean - sd, to = interval.mean + sd;
      const auto x_of = [&](double value) { return std::clamp(scale(value), 2., width - 2); };
      if (from <= scale.high && to >= scale.low)
        out += straight(x_of(from), y, x_of(to), y, "whisker");
      if (interval.mean >= scale.low && interval.mean <= scale.high)
        out += concat("<circle cx=\"", coordinate(scale(interval.mean)), "\" cy=\"", coordinate(y),
                      "\" r=\"3.5\"/>");
      if (from < scale.low) out += triangle(10, y - 4, 10, y + 4, 2, y);
      if (to > scale.high) out += triangle(width - 10, y - 4, width - 10, y + 4, width - 2, y);
      if (from < scale.low || to > scale.high) plot.outside.push_back(text);
    }
    out += "</g>";
  }
  plot.svg = concat(out, "</svg>\n");
  return plot;
}

}  // namespace elbow
