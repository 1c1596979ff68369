// What the descriptor declares against what the model returns, both ways.

#include "check/suites.hpp"

namespace elbow::check {
namespace {

Outcome agree(bool declared, bool present, const char* returned_by) {
  if (declared == present) return passed(present ? "declared and there" : "neither");
  return failed(declared ? "declared, but " : "not declared, but ", returned_by,
                present ? " is not null" : " is null");
}

}  // namespace

void check_model_facets(const Bench& bench, Report& report) {
  const Subject& subject = bench.subject;
  report.check("the model can be made", [&] {
    subject.model();
    return passed();
  });
  const auto facet = [&](const char* name, Ability ability, const char* returned_by,
                         const std::function<bool(Model&)>& present) {
    report.check(std::string("declared and returned agree: ") + name, [&] {
      const Made<Model> model = subject.model();
      return agree(subject.can(ability), present(*model), returned_by);
    });
  };
  facet("density", Ability::density, "density()", [](Model& m) { return m.density() != nullptr; });
  facet("latent_items", Ability::latent_items, "latent_items()",
        [](Model& m) { return m.latent_items() != nullptr; });
  facet("simulator", Ability::simulator, "simulator()",
        [](Model& m) { return m.simulator() != nullptr; });
  facet("energy", Ability::energy, "energy()", [](Model& m) { return m.energy() != nullptr; });
  facet("conjugate", Ability::conjugate, "conjugate()",
        [](Model& m) { return m.conjugate() != nullptr; });
  facet("reference", Ability::reference, "reference()",
        [](Model& m) { return m.reference() != nullptr; });
  facet("minibatch", Ability::minibatch, "density()->item_count()",
        [](Model& m) { return m.density() && m.density()->item_count() > 0; });
  report.check("declared and returned agree: gradient", [&] {
    const Made<Model> model = subject.model();
    Density* density = model->density();
    if (!density) return agree(subject.can(Ability::gradient), false, "density()");
    const Eigen::MatrixXd z = Eigen::MatrixXd::Zero(density->dimension(), 1);
    Eigen::VectorXd log_p(1);
    Eigen::MatrixXd gradient(z.rows(), 1);
    bool present = true;
    try {
      density->log_density_gradient(z, log_p, gradient);
    } catch (const Unsupported&) {
      present = false;
    }
    return agree(subject.can(Ability::gradient), present, "log_density_gradient");
  });
}

}  // namespace elbow::check
