#include "diagnostics/uniformity.hpp"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/chi_squared.hpp>
#include <cmath>
#include <elbow/math.hpp>

namespace elbow {
namespace {

constexpr Index most_bins = 20, most_evaluations = 64;
constexpr Index least_per_bin = 5;

/// The first rank of bin b, of `bins` over the ranks 0 ... draws.
Index bin_begin(Index b, Index bins, Index draws) { return b * (draws + 1) / bins; }

double chi_square_p(const std::vector<Index>& histogram, Index draws, Index total) {
  const Index bins = Index(histogram.size());
  if (bins < 2) return not_a_number;
  double sum = 0;
  for (Index b = 0; b < bins; ++b) {
    const double share =
        double(bin_begin(b + 1, bins, draws) - bin_begin(b, bins, draws)) / double(draws + 1);
    const double expected = share * double(total),
                 gap = double(histogram[std::size_t(b)]) - expected;
    sum += gap * gap / expected;
  }
  return boost::math::cdf(boost::math::complement(boost::math::chi_squared(double(bins - 1)), sum));
}

using Binomial = boost::math::binomial;

/// Twice the smaller tail of a count, the count itself included in both.
double tail_chance(const Binomial& binomial, Index count) {
  const double below = boost::math::cdf(binomial, double(count));
  const double above =
      count == 0 ? 1 : boost::math::cdf(boost::math::complement(binomial, double(count - 1)));
  return 2 * std::min(below, above);
}

/// log of the binomial coefficient
double log_choose(Index n, Index k) {
  return std::lgamma(double(n) + 1) - std::lgamma(double(k) + 1) - std::lgamma(double(n - k) + 1);
}

/// The chance that `total` uniform ranks have, at every one of the places, a count of smaller ranks
/// whose tail chance is above `gamma`: the count moves from place to place as a Markov chain.
double chance_inside(const std::vector<double>& places, Index total, double gamma) {
  std::vector<double> chance = {1};  // of the counts first ... first + size - 1
  Index first = 0;
  double before = 0;
  for (const double place : places) {
    const Binomial marginal(double(total), place);
    Index low = 0, high = total;
    while (low <= total && tail_chance(marginal, low) <= gamma) ++low;
    while (high >= low && tail_chance(marginal, high) <= gamma) --high;
    if (high < low) return 0;
    const double step = (place - before) / (1 - before);
    const double log_step = std::log(step), log_rest = std::log1p(-step);
    std::vector<double> next(std::size_t(high - low + 1), 0);
    for (std::size_t i = 0; i < chance.size(); ++i) {
      const Index from = first + Index(i), left = total - from;
      for (Index to = std::max(low, from); to <= high; ++to)
        next[std::size_t(to - low)] +=
            chance[i] * std::exp(log_choose(left, to - from) + double(to - from) * log_step +
                                 double(total - to) * log_rest);
    }
    chance = std::move(next);
    first = low;
    before = place;
  }
  double sum = 0;
  for (const double c : chance) sum += c;
  return std::min(sum, 1.0);
}

double ecdf_p(const std::vector<Index>& ranks, Index draws) {
  const Index total = Index(ranks.size());
  const Index pieces = std::min(draws + 1, most_evaluations);
  std::vector<double> places;
  double smallest = 1;
  for (Index b = 1; b < pieces; ++b) {
    const Index begin = bin_begin(b, pieces, draws);
    places.push_back(double(begin) / double(draws + 1));
    const Index count =
        Index(std::count_if(ranks.begin(), ranks.end(), [&](Index rank) { return rank < begin; }));
    smallest = std::min(smallest, tail_chance(Binomial(double(total), places.back()), count));
  }
  if (places.empty()) return not_a_number;
  // The observed path itself is outside: its chance is `smallest` somewhere.
  return 1 - chance_inside(places, total, smallest);
}

}  // namespace

Uniformity uniformity(const std::vector<Index>& ranks, Index draws) {
  const Index total = Index(ranks.size());
  const Index bins = std::clamp<Index>(std::min(total / least_per_bin, draws + 1), 1, most_bins);
  Uniformity result{std::vector<Index>(std::size_t(bins), 0), not_a_number, not_a_number};
  for (const Index rank : ranks) {
    Index b = 0;
    while (b + 1 < bins && bin_begin(b + 1, bins, draws) <= rank) ++b;
    ++result.histogram[std::size_t(b)];
  }
  if (total < 2) return result;
  result.chi_square_p = chi_square_p(result.histogram, draws, total);
  result.ecdf_p = ecdf_p(ranks, draws);
  return result;
}

}  // namespace elbow
