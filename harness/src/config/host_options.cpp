#include "config/host_options.hpp"

namespace elbow {
namespace {

std::vector<HostTable> declare_tables() {
  std::vector<HostTable> tables;
  tables.push_back(
      {"",
       "the experiment",
       {text("title", "", "one line, for tables and reports"),
        integer("seed", 0, "of every random stream").at_least(0),
        integer("repeats", 1, "replicates: runs with other random numbers and generated data")
            .at_least(1)
            .at_most(1e6),
        choice("kind", {"comparison", "calibration"},
               "calibration: in every replicate the models draw their parameters from their priors "
               "and their data from these, and the ranks of the parameters among draws of the "
               "methods are tested (simulation-based calibration)")}});
  tables.push_back(
      {"model",
       "of every model, beside the options of its plugin",
       {path("reference", optional,
             "draws of a trusted run that every method is compared with: posteriordb's JSON, CSV, "
             "HDF5 (ArviZ's, or the result of a cell)"),
        boolean("reference_partial", false,
                "the reference may lack variables of the model, which are then not compared"),
        path(
            "trained", optional,
            "the cell of another experiment whose trained parameters the model starts from: its "
            "file, or { results = \"results/EXPERIMENT\", model = ..., method = ..., replicate = 0 "
            "}; a family that it was trained with starts from them too"),
        text("posteriordb", optional,
             "a posterior of the checkout in $POSTERIORDB, for its data, Stan program and "
             "reference draws; `elbow list posteriordb` lists them")}});
  tables.push_back(
      {"model.posterior_of",
       "of a model with latent items: the latents of a few of them are what is to be inferred, the "
       "model's parameters fixed",
       {choice("split", {"test", "validation", "train"}, "where the items are"),
        reals("items", required, "the items' numbers within the split, from 0").at_least(0),
        integer("completions", 10,
                "draws of the latents that are stored as the items they make, in the group "
                "completions; 0: none")
            .at_least(0)}});
  tables.push_back(
      {"limits",
       "of each cell",
       {real("wall_seconds", 0,
             "time after which a cell's method is stopped, what it has so far is "
             "measured and stored; 0: no limit")
            .at_least(0)
            .unit("seconds"),
        integer("memory_mb", 0, "memory that a cell may use; 0: no limit").at_least(0).unit("MB"),
        real("snapshot_seconds", 60,
             "after every so many seconds a running fit is kept in a file beside its "
             "cell's, from which an interrupted one goes on with the same bits; 0: "
             "never")
            .at_least(0)
            .unit("seconds")}});
  tables.push_back(
      {"evaluation",
       "how the host evaluates fits, from draws that were not used to fit, and samplers",
       {integer("draws", 10000, "draws for the final ELBO and evidence").at_least(2),
        boolean("checkpoints", true, "whether to evaluate at geometric checkpoints too"),
        integer("checkpoint_draws", 1000, "draws for the ELBO at a checkpoint").at_least(2),
        integer("calibration_draws", 63,
                "L, draws among which a parameter's rank is taken, evenly spaced over a method's; "
                "of no use unless kind = \"calibration\"")
            .at_least(1),
        integer("gradient_draws", 100,
                "gradient estimates at the end point, for their variance and signal-to-noise "
                "ratio; 0 or 1: not measured")
            .at_least(0),
        integer("checkpoint_gradient_draws", 20, "the same at a checkpoint").at_least(0),
        integer("kernel_draws", 500,
                "draws for the kernel Stein discrepancy, and for the maximum mean discrepancy to "
                "reference draws; time grows with their square; 0: neither")
            .at_least(0),
        integer("checkpoint_items", 1000,
                "data items of train and test whose rate, distortion and ELBO are measured at a "
                "checkpoint, in models of items with latents of their own; 0: none")
            .at_least(0),
        integer("item_draws", 10, "draws of each item for these, at the end of a fit; 2 before")
            .at_least(2),
        integer(
            "mutual_information_items", 200,
            "items that are told apart by their latents, for a bound on the information between "
            "them; time grows with their square; 0 or 1: not measured")
            .at_least(0),
        integer("log_likelihood_draws", 5000,
                "importance draws of each test item at the end, for its log likelihood; 0: none")
            .at_least(0),
        integer("log_likelihood_items", 0, "test items for it, the first ones; 0: all").at_least(0),
        integer("stored_items", 32,
                "test items that are stored with their reconstructions, and as many that the model "
                "draws itself; 0: none")
            .at_least(0),
        boolean("c2st", false,
                "whether to train the classifier two-sample test against reference draws: seconds "
                "to minutes per cell"),
        integer("c2st_draws", 10000, "draws of each sample for it, if there are as many")
            .at_least(5)}});
  tables.push_back(
      {"method.stop",
       "when a fit ends: whichever comes first of those given",
       {integer("iterations", 10000,
                "steps of the estimator; the default applies when no other stop is given; 0: the "
                "start itself is evaluated")
            .at_least(0),
        real("seconds", optional, "the fit's own time, evaluation excluded")
            .above(0)
            .unit("seconds"),
        integer("gradient_evaluations", optional, "gradients of the log density, counted per draw")
            .at_least(1),
        real("stationary", optional,
             "ends a fit as converged once its iterates are stationary (R-hat and Monte-Carlo "
             "error over windows) and halving the step size changes the ELBO by less than this; "
             "without a budget beside it, after a million iterations at the latest")
            .above(0)
            .unit("nats"),
        real("relative_change", optional, "the same with a tolerance relative to the ELBO's size")
            .above(0)
            .below(1)},
       MethodPart::fit});
  tables.push_back({"method",
                    "of methods that fit",
                    {integer("batch_size", optional,
                             "data items per step, drawn anew at every step; absent: all items")
                         .at_least(1)},
                    MethodPart::fit});
  tables.push_back(
      {"method",
       "of every method",
       {integer("draws", 1000, "draws that a cell ends with, per chain").at_least(1)}});
  tables.push_back(
      {"method",
       "of methods that sample",
       {integer("chains", optional,
                "independent chains, or particles of a population; absent: 4 chains, or 1000 "
                "particles")
            .at_least(1),
        integer("warmup", 1000, "transitions that may adapt, marked as warm-up").at_least(0),
        boolean("save_warmup", false, "whether draws of the warm-up are stored too"),
        integer("thin", 1, "transitions per stored draw").at_least(1),
        real("initial_radius", 2,
             "starts are uniform within this of 0, per unconstrained coordinate")
            .at_least(0),
        integer("initial_tries", 100, "starts to try for a finite log density").at_least(1),
        integer("initial_candidates", 10,
                "of so many with a finite log density the highest one is a chain's start, so that "
                "few chains begin under a mode of no weight; a fit's draws are taken as they are")
            .at_least(1)},
       MethodPart::sampler});
  tables.push_back(
      {"method",
       "of methods that fit and then sample",
       {choice("fit", {"automatic", "start", "metric", "transport", "base"},
               "what the fit is to the sampler: chains start at its draws; they also take their "
               "metric from its covariance; they move in its noise (NeuTra); a population goes "
               "from it to the target. Automatic: base for populations, start for chains")},
       MethodPart::both});
  return tables;
}

}  // namespace

bool applies(MethodPart part, bool fits, bool samples) {
  const bool needs_fit = part == MethodPart::fit || part == MethodPart::both;
  const bool needs_sampler = part == MethodPart::sampler || part == MethodPart::both;
  return (fits || !needs_fit) && (samples || !needs_sampler);
}

const std::vector<HostTable>& host_tables() {
  static const std::vector<HostTable> tables = declare_tables();
  return tables;
}

}  // namespace elbow
