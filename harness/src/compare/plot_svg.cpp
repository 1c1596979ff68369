#include "compare/plot_svg.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "compare/number_text.hpp"

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

std::string short_number(double value, int digits = 3) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*g", digits, value);
  return text;
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
    out += text_at(x, y1 + 16, "middle",
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

/// The points of a line that the axes can show.
PlotLine drawable(const PlotLine& line, const PlotAxis& x, const PlotAxis& y) {
  PlotLine out{line.label, line.colour, {}, {}, {}};
  for (std::size_t i = 0; i < line.x.size(); ++i) {
    if (!std::isfinite(line.x[i]) || !std::isfinite(line.y[i])) continue;
    if ((x.logarithmic && line.x[i] <= 0) || (y.logarithmic && line.y[i] <= 0)) continue;
    out.x.push_back(line.x[i]);
    out.y.push_back(line.y[i]);
    out.error.push_back(i < line.error.size() && std::isfinite(line.error[i]) ? line.error[i] : 0);
  }
  return out;
}

/// From the highest point to somewhat below the lowest end.
Scale y_scale(const std::vector<PlotLine>& lines, bool logarithmic) {
  double low = std::numeric_limits<double>::infinity(), high = -low, lowest_end = low, error = 0;
  for (const PlotLine& line : lines) {
    for (std::size_t i = 0; i < line.y.size(); ++i) {
      low = std::fmin(low, line.y[i] - line.error[i]);
      high = std::fmax(high, line.y[i] + line.error[i]);
    }
    lowest_end = std::fmin(lowest_end, line.y.back());
    error = std::fmax(error, line.error.back());
  }
  if (!logarithmic) {
    const double spread = std::fmax(high - lowest_end, 5 * error);
    low = std::fmax(low, lowest_end - 2 * std::fmax(spread, 1e-3 * std::fabs(high)));
    const double margin = 0.04 * (high - low);
    low -= margin, high += margin;
  }
  return make_scale(logarithmic, low, high, bottom, top);
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

std::string line_plot(const PlotAxis& x, const PlotAxis& y, const std::vector<PlotLine>& lines) {
  std::vector<PlotLine> shown;
  for (const PlotLine& line : lines)
    if (PlotLine points = drawable(line, x, y); points.x.size() > 1)
      shown.push_back(std::move(points));
  if (shown.empty()) return "";
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const PlotLine& line : shown) {
    low = std::fmin(low, *std::min_element(line.x.begin(), line.x.end()));
    high = std::fmax(high, *std::max_element(line.x.begin(), line.x.end()));
  }
  const Scale sx = make_scale(x.logarithmic, low, high, left, right);
  const Scale sy = y_scale(shown, y.logarithmic);

  // A nested viewport clips what leaves the plot, without an id that a second plot could repeat.
  std::string out = concat("<svg viewBox=\"0 0 640 340\" role=\"img\" aria-label=\"",
                           html_escaped(y.label + " against " + x.label), "\">");
  out += y_axis(sy, y.label) + x_axis(sx, x.label, top, bottom);
  out += concat("<svg x=\"", coordinate(left), "\" y=\"", coordinate(top), "\" width=\"",
                coordinate(right - left), "\" height=\"", coordinate(bottom - top), "\" viewBox=\"",
                coordinate(left), " ", coordinate(top), " ", coordinate(right - left), " ",
                coordinate(bottom - top), "\">");
  // What lies far outside is moved to just outside, for renderers with 16-bit coordinates.
  const auto y_of = [&](double value) { return std::clamp(sy(value), top - 2000, bottom + 2000); };
  for (const PlotLine& line : shown) {
    out += concat("<g class=\"", colour_class(line.colour), "\"><title>", html_escaped(line.label),
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
    out += "</g>";
  }
  return concat(out, "</svg></svg>\n");
}

std::string interval_plot(const std::vector<PlotInterval>& intervals) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const PlotInterval& interval : intervals) {
    if (!std::isfinite(interval.mean)) continue;
    const double sd = std::isfinite(interval.sd) ? interval.sd : 0;
    low = std::fmin(low, interval.mean - sd);
    high = std::fmax(high, interval.mean + sd);
  }
  if (low > high) low = 0, high = 1;  // nothing but words to show
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
    out += concat("<g class=\"", colour_class(interval.colour), "\"><title>",
                  html_escaped(interval.label + ": mean " + plain_number(interval.mean) + ", sd " +
                               plain_number(interval.sd)),
                  "</title>");
    if (!std::isfinite(interval.mean)) {
      out += text_at(begin, y + 4, "start", plain_number(interval.mean));
    } else {
      const double sd = std::isfinite(interval.sd) ? interval.sd : 0;
      out += straight(scale(interval.mean - sd), y, scale(interval.mean + sd), y, "whisker");
      out += concat("<circle cx=\"", coordinate(scale(interval.mean)), "\" cy=\"", coordinate(y),
                    "\" r=\"3.5\"/>");
    }
    out += "</g>";
  }
  return concat(out, "</svg>\n");
}

}  // namespace elbow
