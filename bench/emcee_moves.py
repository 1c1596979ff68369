"""Ensemble moves of Elbow beside emcee's: see emcee.sh. Same target, walkers, moves and number of steps; all walkers
of both, by emcee's own autocorrelation estimate for both. Elbow's seconds are all processor time of `elbow run`:
starting, sampling, diagnostics and writing the file; `sampling` are those of the sampler alone. emcee's are those of
run_mcmc, which leaves its draws in memory."""
import os
import resource
import shutil
import subprocess
import sys
import time

import emcee
import h5py
import numpy as np

build = os.path.abspath(sys.argv[1])
work = os.path.join(build, "bench", "emcee")
shutil.rmtree(work, ignore_errors=True)
os.makedirs(work)
steps, warmup = 10000, 2000


def processor_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def autocorrelation_time(x):
    """x: [step, walker, coordinate]"""
    return np.max(emcee.autocorr.integrated_time(x, c=5, tol=0, quiet=True))


def run_emcee(precision, walkers, move):
    def log_density(x):
        return -0.5 * np.einsum("ni,ni->n", x @ precision, x)

    dimension = len(precision)
    sampler = emcee.EnsembleSampler(walkers, dimension, log_density, moves=move, vectorize=True)
    start = np.random.default_rng(1).normal(size=(walkers, dimension))
    np.random.seed(1)
    begin = time.process_time()
    sampler.run_mcmc(start, warmup + steps)
    seconds = time.process_time() - begin
    chain = sampler.get_chain(discard=warmup)
    return steps * walkers / autocorrelation_time(chain), seconds


def run_elbow(covariance, walkers, move):
    name = f"{move}_{len(covariance)}"
    file = os.path.join(work, name + ".toml")
    rows = ", ".join("[" + ", ".join(repr(float(v)) for v in row) + "]" for row in covariance)
    with open(file, "w") as toml:
        toml.write(f'''title = "emcee"
seed = 1
[[model]]
plugin = "gaussian"
covariance = [{rows}]
[[method]]
name = "ensemble"
sampler = {{ plugin = "affine_invariant", move = "{move}", walkers = {walkers} }}
chains = 1
warmup = {warmup}
draws = {steps}
''')
    results = os.path.join(work, name)
    used = processor_seconds()
    subprocess.run(["taskset", "-c", "0", os.path.join(build, "bin", "elbow"), "run", file, "-j", "1",
                    "--results", results], check=True, capture_output=True)
    used = processor_seconds() - used
    for folder, _, files in os.walk(results):
        for cell in files:
            if cell.endswith(".h5") and cell != "index.h5":
                with h5py.File(os.path.join(folder, cell)) as h5:
                    draws = h5["unconstrained_posterior/z"][...]  # [walker, draw, coordinate]
                    seconds = h5["timing/seconds"][()]
                    own = h5["metrics/ess_bulk_min"][()]
                assert draws.shape[:2] == (walkers, steps)
                return steps * walkers / autocorrelation_time(np.swapaxes(draws, 0, 1)), own, seconds, used
    raise RuntimeError("no cell in " + results)


moves = {"stretch": emcee.moves.StretchMove(a=2.0), "differential_evolution": emcee.moves.DEMove()}
print(f"{'target':18s} {'move':24s} {'emcee ESS':>10s} {'ESS/s':>9s}   Elbow: {'ESS':>9s} {'own ESS':>9s} {'ESS/s':>10s} "
      f"{'ratio':>7s} {'ratio, sampling':>16s}   goal of the ratio 10")
for dimension, walkers in [(2, 16), (5, 32), (20, 64)]:
    covariance = 0.9 ** np.abs(np.subtract.outer(np.arange(dimension), np.arange(dimension)))
    for name, move in moves.items():
        own, diagnosed, sampling, used = run_elbow(covariance, walkers, name)
        ess, seconds = run_emcee(np.linalg.inv(covariance), walkers, move)
        peer = ess / seconds
        print(f"gaussian, D = {dimension:<4d} {name:24s} {ess:10.0f} {peer:9.0f}          {own:9.0f} {diagnosed:9.0f} {own / used:10.0f} "
              f"{own / used / peer:7.1f} {own / sampling / peer:16.1f}")
