#include "compare/rate_distortion.hpp"

#include <algorithm>
#include <cmath>
#include <elbow/math.hpp>

#include "compare/number_text.hpp"
#include "compare/plot_svg.hpp"

namespace elbow {
namespace {

constexpr std::size_t least_points = 3;

/// NaN where the row has no such metric.
Estimate metric(const ComparedRow& row, const std::string& name) {
  const auto found = row.metrics.find(name);
  if (found == row.metrics.end() || found->second.finite == 0) return {not_a_number, not_a_number};
  return {found->second.mean, found->second.standard_error};
}

/// The lower convex hull at a point's rate, of points in order of the rate.
void measure_convexity(RateDistortion& curve) {
  std::vector<const RatePoint*> hull;
  const auto turn = [](const RatePoint& a, const RatePoint& b, const RatePoint& c) {
    return (b.rate.value - a.rate.value) * (c.distortion.value - a.distortion.value) -
           (b.distortion.value - a.distortion.value) * (c.rate.value - a.rate.value);
  };
  for (const RatePoint& point : curve.points) {
    while (hull.size() > 1 && turn(*hull[hull.size() - 2], *hull.back(), point) <= 0)
      hull.pop_back();
    hull.push_back(&point);
  }
  std::size_t next = 1;
  for (RatePoint& point : curve.points) {
    while (next + 1 < hull.size() && hull[next]->rate.value < point.rate.value) ++next;
    const RatePoint &before = *hull[next - 1], &behind = *hull[next];
    const double width = behind.rate.value - before.rate.value;
    const double t = width > 0 ? (point.rate.value - before.rate.value) / width : 0;
    // Along the hull's slope a wrong rate is a wrong distortion.
    const double slope =
        width > 0 ? (behind.distortion.value - before.distortion.value) / width : 0;
    const auto error_of = [&](const RatePoint& p) {
      const double error = std::hypot(p.distortion.standard_error, slope * p.rate.standard_error);
      return std::isfinite(error) ? error : 0;
    };
    const bool is_on_hull = &point == &before || &point == &behind;
    point.above_hull = {
        point.distortion.value - ((1 - t) * before.distortion.value + t * behind.distortion.value),
        is_on_hull ? 0
                   : std::hypot(error_of(point), (1 - t) * error_of(before), t * error_of(behind))};
    if (point.above_hull.value >
        2 * point.above_hull.standard_error + 1e-9 * std::abs(point.distortion.value))
      curve.convex = false;
  }
}

std::string with_error(const Estimate& estimate) {
  return number_with_error(estimate.value, estimate.standard_error);
}

std::string above_hull_text(const RatePoint& point) {
  const Estimate& above = point.above_hull;
  return above.standard_error > 0 ? with_error(above) : plain_number(above.value);
}

std::string convexity_sentence(const RateDistortion& curve) {
  if (curve.convex)
    return "The curve is convex: no point is above its lower hull by more than two standard "
           "errors.";
  const auto worst = std::max_element(curve.points.begin(), curve.points.end(),
                                      [](const RatePoint& a, const RatePoint& b) {
                                        return a.above_hull.value < b.above_hull.value;
                                      });
  return "The curve is not convex: " + worst->method + " is " + above_hull_text(*worst) +
         " nats above its lower hull.";
}

std::string entropy_sentence(const RateDistortion& curve) {
  if (std::isnan(curve.entropy)) return "";
  return "Entropy line: rate + distortion = " + plain_number(curve.entropy) +
         ", the least -log p(x) of these methods, an upper bound on the data's entropy.";
}

const std::vector<std::string> headers = {
    "method", "rate", "distortion", "rate + distortion", "above hull", "above entropy line"};

std::vector<std::vector<std::string>> rows(const RateDistortion& curve) {
  std::vector<std::vector<std::string>> all;
  for (const RatePoint& point : curve.points)
    all.push_back({point.method, with_error(point.rate), with_error(point.distortion),
                   with_error(point.total), above_hull_text(point),
                   plain_number(point.total.value - curve.entropy)});
  return all;
}

}  // namespace

std::vector<RateDistortion> rate_distortions(const std::vector<ResultFolder>& folders) {
  std::vector<RateDistortion> all;
  for (const ResultFolder& folder : folders) {
    CompareRequest every;
    every.every_metric = true;
    const std::size_t first = all.size();
    for (const ComparedRow& row : compare({folder}, every).rows) {
      const Estimate rate = metric(row, "test_rate"), distortion = metric(row, "test_distortion");
      if (std::isnan(rate.value) || std::isnan(distortion.value)) continue;
      auto curve = std::find_if(all.begin() + std::ptrdiff_t(first), all.end(),
                                [&](const RateDistortion& c) { return c.model == row.model; });
      if (curve == all.end())
        curve = all.insert(all.end(), {folder.name, row.model, {}, not_a_number, true});
      const Estimate elbo = metric(row, "test_elbo");
      curve->points.push_back(
          {row.method, rate, distortion, {-elbo.value, elbo.standard_error}, {}});
      for (const char* name : {"test_log_likelihood", "test_log_evidence"})
        curve->entropy = std::fmin(curve->entropy, -metric(row, name).value);
    }
  }
  std::erase_if(all, [](const RateDistortion& c) { return c.points.size() < least_points; });
  for (RateDistortion& curve : all) {
    std::stable_sort(
        curve.points.begin(), curve.points.end(),
        [](const RatePoint& a, const RatePoint& b) { return a.rate.value < b.rate.value; });
    measure_convexity(curve);
  }
  return all;
}

std::string rate_distortion_text(const std::vector<RateDistortion>& all) {
  std::string out;
  for (const RateDistortion& curve : all) {
    out += "\nRate and distortion on model " + curve.model + ", nats per test item\n";
    std::vector<std::vector<std::string>> table = rows(curve);
    table.insert(table.begin(), headers);
    std::vector<std::size_t> widths(headers.size(), 0);
    for (const auto& row : table)
      for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    for (const auto& row : table) {
      for (std::size_t i = 0; i < row.size(); ++i) {
        const std::string space(widths[i] - row[i].size(), ' ');
        out += i == 0 ? row[i] + space : "  " + space + row[i];
      }
      out += '\n';
    }
    out += convexity_sentence(curve) + '\n';
    if (const std::string line = entropy_sentence(curve); !line.empty()) out += line + '\n';
  }
  return out;
}

std::string rate_distortion_html(const std::vector<RateDistortion>& all, const std::string& model) {
  const auto curve =
      std::find_if(all.begin(), all.end(), [&](const auto& c) { return c.model == model; });
  if (curve == all.end()) return "";
  PlotLine line{"rate and distortion", 0, {}, {}, {}, true};
  for (const RatePoint& point : curve->points) {
    line.x.push_back(point.rate.value);
    line.y.push_back(point.distortion.value);
    const double error = point.distortion.standard_error;
    line.error.push_back(std::isfinite(error) ? error : 0);
  }
  std::vector<PlotLine> lines = {line};
  if (!std::isnan(curve->entropy)) {
    const double most = line.x.back();
    lines.push_back(
        {"entropy line", 1, {0, most}, {curve->entropy, curve->entropy - most}, {}, true});
  }
  const Plot plot = line_plot({"rate [nats]"}, "distortion [nats]", lines);
  std::string out = "<h3>Rate and distortion</h3>\n";
  if (!plot.svg.empty())
    out += "<div class=\"plots\">\n<figure>" + plot.svg + "</figure>\n</div>\n";
  out += "<div class=\"wide\"><table>\n<thead><tr>";
  for (std::size_t i = 0; i < headers.size(); ++i)
    out += (i == 0 ? "<th class=\"text\">" : "<th>") + html_escaped(headers[i]) + "</th>";
  out += "</tr></thead>\n<tbody>\n";
  for (const auto& row : rows(*curve)) {
    out += "<tr>";
    for (std::size_t i = 0; i < row.size(); ++i)
      out += (i == 0 ? "<td class=\"text\">" : "<td>") + html_escaped(row[i]) + "</td>";
    out += "</tr>\n";
  }
  return out + "</tbody></table></div>\n<p class=\"soft\">" +
         html_escaped(convexity_sentence(*curve) + " " + entropy_sentence(*curve)) + "</p>\n";
}

}  // namespace elbow
