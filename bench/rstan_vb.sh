#!/usr/bin/env bash
# Time to come within 0.1 nat of the mean-field optimum of German credit (or of generated data of the same shape
# where $ELBOW_DATA does not have it), against rstan's vb (ADVI) and a vectorised PyTorch fit of the same method as
# Elbow's: bench/rstan_vb.sh BUILD. Peers are Debian's r-cran-rstan and python3-torch; one that is missing is
# reported as not installed. Times are the processes' own, one thread each; compiling Stan's model is not counted.
set -euo pipefail
build=${1:-build/release}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
data=${ELBOW_DATA:-.}/uci/german.data-numeric
optimum=-531.7075
if [[ ! -e $data ]]; then
  data=$work/generated
  /usr/bin/python3 - "$data" <<'PY'
import random, math, sys
random.seed(1)
beta = [random.gauss(0, 0.5) for _ in range(25)]
with open(sys.argv[1], "w") as file:
    for _ in range(1000):
        x = [random.gauss(0, 1) for _ in range(24)]
        p = 1 / (1 + math.exp(-beta[24] - sum(a * b for a, b in zip(x, beta))))
        file.write(" ".join("%.6f" % v for v in x) + " %d\n" % (1 + (random.random() < p)))
PY
  optimum=0  # never reached: the largest budget is the optimum
  optimum=$("$build/bench/bench_time_to_optimum" "$data" 0 | tail -1 | awk '{print $NF}')
fi
echo "optimum $optimum"
"$build/bench/bench_time_to_optimum" "$data" "$optimum" | tee "$work/elbow"

if Rscript -e 'library(rstan)' >/dev/null 2>&1; then
  Rscript - "$data" "$optimum" <<'R' | tee "$work/rstan"
suppressMessages(library(rstan)); rstan_options(boost_lib = "/usr/include")
given <- commandArgs(trailingOnly = TRUE)
table <- as.matrix(read.table(given[1])); optimum <- as.numeric(given[2])
x <- scale(table[, 1:24]) * sqrt(nrow(table) / (nrow(table) - 1)); x <- cbind(x, 1); y <- table[, 25] - 1
model <- stan_model(model_code = "
data { int N; int D; matrix[N, D] x; int<lower=0, upper=1> y[N]; }
parameters { vector[D] beta; }
model { beta ~ normal(0, 1); y ~ bernoulli_logit_glm(x, 0, beta); }", verbose = FALSE)
elbo <- function(draws) {
  m <- colMeans(draws); s <- apply(draws, 2, sd); set.seed(1)
  z <- matrix(rnorm(20000 * length(m)), length(m)) * s + m
  eta <- x %*% z
  lp <- colSums(y * eta - log1p(exp(eta))) + colSums(dnorm(z, log = TRUE))
  mean(lp) + sum(log(s)) + length(m) / 2 * (1 + log(2 * pi))
}
for (iterations in c(100, 200, 500, 1000, 2000, 5000, 10000, 20000)) {
  times <- c(); elbos <- c()
  for (seed in 1:3) {
    before <- sum(proc.time()[1:2])
    sink("/dev/null")
    fit <- suppressMessages(suppressWarnings(vb(model, data = list(N = nrow(x), D = ncol(x), x = x, y = y), iter = iterations,
              tol_rel_obj = 1e-12, output_samples = 10, seed = seed, eval_elbo = iterations, pars = "beta")))
    sink()
    times <- c(times, sum(proc.time()[1:2]) - before)
    sink("/dev/null")
    fit <- suppressMessages(suppressWarnings(vb(model, data = list(N = nrow(x), D = ncol(x), x = x, y = y), iter = iterations,
              tol_rel_obj = 1e-12, output_samples = 20000, seed = seed, eval_elbo = iterations, pars = "beta")))
    sink()
    elbos <- c(elbos, elbo(as.matrix(fit)[, 1:ncol(x)]))
  }
  cat(sprintf("rstan %d iterations %.6f s elbo %.4f\n", iterations, median(times), median(elbos)))
  if (median(elbos) > optimum - 0.1) break
}
R
else
  echo "rstan: not installed"
fi

if /usr/bin/python3 -c 'import torch' 2>/dev/null; then
  /usr/bin/python3 - "$data" "$optimum" <<'PY' | tee "$work/torch"
import math, sys, time
import torch
torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
table = torch.tensor([[float(v) for v in line.split()] for line in open(sys.argv[1])])
optimum = float(sys.argv[2])
x = table[:, :24]
x = (x - x.mean(0)) / x.std(0, unbiased=False)
x = torch.cat([x, torch.ones(len(x), 1)], 1)
sign = 2 * (table[:, 24] - 1) - 1
signed = x * sign[:, None]


def log_p(z):
    return torch.nn.functional.logsigmoid(z @ signed.T).sum(1) - 0.5 * (z * z).sum(1) - 12.5 * math.log(2 * math.pi)


def fit(iterations, seed):
    torch.manual_seed(seed)
    m = torch.zeros(25, requires_grad=True)
    log_s = torch.zeros(25, requires_grad=True)
    adam = torch.optim.Adam([m, log_s], lr=0.1)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(adam, iterations)
    mean = torch.zeros(50)
    for t in range(1, iterations + 1):
        z = m + torch.randn(10, 25) * log_s.exp()
        loss = -(log_p(z).mean() + log_s.sum())
        adam.zero_grad()
        loss.backward()
        adam.step()
        schedule.step()
        with torch.no_grad():
            mean += 9 / (t + 8) * (torch.cat([m, log_s]) - mean)
    return mean[:25], mean[25:]


def elbo(m, log_s):
    torch.manual_seed(99)
    with torch.no_grad():
        z = m + torch.randn(20000, 25) * log_s.exp()
        return float(log_p(z).mean() + log_s.sum() + 12.5 * (1 + math.log(2 * math.pi)))


for iterations in [50, 100, 150, 200, 300, 500, 1000, 2000, 5000]:
    seconds, elbos = [], []
    for seed in range(3):
        before = time.process_time()
        q = fit(iterations, seed)
        seconds.append(time.process_time() - before)
        elbos.append(elbo(*q))
    print(f"torch {iterations} iterations {sorted(seconds)[1]:.6f} s elbo {sorted(elbos)[1]:.4f}", flush=True)
    if sorted(elbos)[1] > optimum - 0.1:
        break
PY
else
  echo "torch: not installed"
fi

for peer in rstan torch; do
  [[ -e $work/$peer ]] || continue
  awk -v peer="$peer" '{ time[$1] = $4 } END { printf "%s takes %.0f times as long as elbow\n", peer, time[peer] / time["elbow"] }' \
    "$work/elbow" "$work/$peer"
done
