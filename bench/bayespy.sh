#!/usr/bin/env bash
# Time of a CAVI sweep with its ELBO on a mixture of Gaussians of known width, against BayesPy (Debian's
# python3-bayespy, reported as not installed where it is missing) and against the same updates in vectorised numpy:
# bench/bayespy.sh BUILD. The processes' own times, one thread each.
set -euo pipefail
build=${1:-build/release}
export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1
for items in 1000 10000 100000; do
  "$build/bench/bench_cavi_sweep" "$items" 5
  /usr/bin/python3 - "$items" 5 <<'PY'
import sys, time
try:
    import numpy as np
except ImportError:
    print("numpy: not installed")
    sys.exit()
n, k = int(sys.argv[1]), int(sys.argv[2])
rng = np.random.default_rng(1)
x = rng.normal(rng.normal(0, 5, k)[rng.integers(0, k, n)], 1)


def report(name, work, repeats):
    work()
    times = []
    for _ in range(repeats):
        before = time.process_time()
        work()
        times.append(time.process_time() - before)
    print(f"{name} {n} items {k} components {sorted(times)[repeats // 2]:.3e} s per sweep")


m, v = x[:k].copy(), np.ones(k)


def sweep():
    log_r = np.outer(x, m) - 0.5 * (m * m + v)
    log_r -= log_r.max(1, keepdims=True)
    r = np.exp(log_r)
    r /= r.sum(1, keepdims=True)
    counts = r.sum(0)
    v[:] = 1 / (1 / 25 + counts)
    m[:] = v * (x @ r)
    square = (x[:, None] - m) ** 2 + v
    return (0.5 * np.sum(1 + np.log(v / 25) - (v + m * m) / 25)
            - np.sum(r * (np.log(k * np.maximum(r, 1e-300)) + 0.5 * np.log(2 * np.pi) + 0.5 * square)))


report("numpy", sweep, 21)
try:
    from bayespy.inference import VB
    from bayespy.nodes import Categorical, GaussianARD, Mixture
except ImportError as problem:
    print(f"bayespy: not installed ({problem})")
    sys.exit()
z = Categorical(np.ones(k) / k, plates=(n,))
mu = GaussianARD(0, 1 / 25, plates=(k,))
y = Mixture(z, GaussianARD, mu, 1.0)
y.observe(x)
z.initialize_from_random()
q = VB(z, mu, y)
report("bayespy", lambda: q.update(repeat=1, verbose=False, tol=0), 11)
PY
done
