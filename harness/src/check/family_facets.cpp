// What the descriptor declares against what the family returns, both ways.

#include <elbow/error.hpp>
#include <optional>

#include "check/family_bench.hpp"

namespace elbow::check {
namespace {

Outcome agree(bool declared, bool present, const char* returned_by) {
  if (declared == present) return passed(present ? "declared and there" : "neither");
  return failed(declared ? "declared, but " : "not declared, but ", returned_by,
                present ? " is not null" : " is null");
}

Outcome pullback(const Subject& subject) {
  FamilyBench q(subject);
  q.bind(2);
  q.sample(q.noise(2));
  Gradient gradient(q->parameters());
  bool present = true;
  try {
    q->sample_pullback(Eigen::MatrixXd::Zero(q.dimension(), 2), Eigen::VectorXd::Zero(2),
                       gradient.out());
  } catch (const Unsupported&) {
    present = false;
  }
  return agree(subject.can(Ability::reparameterized), present, "sample_pullback");
}

Outcome sizes(const Subject& subject) {
  std::string text;
  const Index roomy = roomy_dimension(subject);
  for (const Index dimension : {Index(1), roomy, Index(7)}) {
    std::optional<FamilyBench> made;
    try {
      made.emplace(subject, dimension);
    } catch (const OptionError& error) {
      if (dimension == roomy) throw;
      text += say(text.empty() ? "" : ", ", "refused for D = ", dimension, " (", error.what(), ")");
      continue;
    }
    FamilyBench& q = *made;
    if (q->dimension() != dimension)
      return failed("made for D = ", dimension, ", dimension() is ", q->dimension());
    if (q->noise().rows() < 1) return failed("a draw consumes no noise");
    if (!q->parameters().all_finite()) return failed("parameters are not finite");
    q.bind(2);
    const auto draws = q.sample(q.noise(2));
    if (!draws.z.allFinite()) return failed("draws are not finite for D = ", dimension);
    text +=
        say(text.empty() ? "" : ", ", q->parameters().size(), " parameters for D = ", dimension);
  }
  return passed(text);
}

}  // namespace

void check_family_facets(const Bench& bench, Report& report) {
  const Subject& subject = bench.subject;
  report.check("the family can be made in few dimensions and more", [&] { return sizes(subject); });
  const auto facet = [&](const char* name, Ability ability, const char* returned_by,
                         const std::function<bool(Family&)>& present) {
    report.check(std::string("declared and returned agree: ") + name, [&] {
      FamilyBench q(subject);
      return agree(subject.can(ability), present(*q), returned_by);
    });
  };
  facet("closed_entropy", Ability::closed_entropy, "closed_entropy()",
        [](Family& q) { return q.closed_entropy() != nullptr; });
  facet("gaussian_form", Ability::gaussian_form, "gaussian_form()",
        [](Family& q) { return q.gaussian_form() != nullptr; });
  facet("closed_kl", Ability::closed_kl, "closed_kl()",
        [](Family& q) { return q.closed_kl() != nullptr; });
  facet("natural_gradient", Ability::natural_gradient, "natural_gradient()",
        [](Family& q) { return q.natural_gradient() != nullptr; });
  facet("conditional", Ability::conditional, "conditional()",
        [](Family& q) { return q.conditional() != nullptr; });
  facet("transport", Ability::transport, "transport_map()",
        [](Family& q) { return q.transport_map() != nullptr; });
  facet("diagonal_gaussian", Ability::diagonal_gaussian, "diagonal_gaussian()",
        [](Family& q) { return q.diagonal_gaussian() != nullptr; });
  report.check("declared and returned agree: reparameterized", [&] { return pullback(subject); });
}

}  // namespace elbow::check
