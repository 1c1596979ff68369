#!/bin/sh
# Resident memory while a 784-400-20 autoencoder is trained on 10,000 images of 28 x 28 bytes: with checkpoints and the evaluation
# at the end, and of the steps alone. Beside it that of the program with a fit of two numbers, and three times data plus
# parameters. The images are random bytes: no pixel is skipped.
# Usage: bench/memory_of_training.sh BUILD_DIR
set -eu
build=$(cd "$1" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
{
  printf '\000\000\010\003\000\000\047\020\000\000\000\034\000\000\000\034'
  head -c 7840000 /dev/urandom
} > images.idx
cat > memory.toml <<'TOML'
[evaluation]
log_likelihood_draws = 100

[[model]]
plugin   = "vae"
data     = "images.idx"
train    = 9000
test     = 1000
hidden   = [400]

[[method]]
name       = "vae"
family     = { plugin = "amortized_gaussian", hidden = [400] }
estimator  = "amortized_elbo"
optimizer  = { plugin = "adam", learning_rate = 0.001 }
batch_size = 128
stop       = { iterations = 500 }
TOML
cat > program.toml <<'TOML'
[[model]]
plugin    = "gaussian"
dimension = 2

[[method]]
name      = "two numbers"
family    = "gaussian_mean_field"
estimator = "reparameterized"
optimizer = "adam"
stop      = { iterations = 500 }
TOML
sed -e 's/^log_likelihood_draws.*/log_likelihood_draws = 0\ncheckpoint_items = 0\nmutual_information_items = 0\nstored_items = 0\ncheckpoints = false/' \
    -e 's/^name       = "vae"/name       = "steps"/' memory.toml > steps.toml
for experiment in memory steps program; do
  "$build/bin/elbow" run $experiment.toml --quiet
  "$build/bin/elbow" compare results/$experiment --metric peak_memory_mb --metric seconds
done
# Encoder 784-400-40 and decoder 20-400-784, in float32.
awk 'BEGIN { p = 784*400 + 400 + 400*40 + 40 + 20*400 + 400 + 400*784 + 784
             printf "data + parameters %.1f MB, three times that %.1f MB\n", (7840000 + 4*p)/2^20, 3*(7840000 + 4*p)/2^20 }'
