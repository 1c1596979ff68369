#!/bin/sh
# Does memory grow with the number of draws? One chain of 10^4, 10^5 and 10^6 draws in ten dimensions, streamed to disk.
# Usage: bench/memory_of_draws.sh BUILD_DIR
set -eu
build=$(cd "$1" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > memory.toml <<'TOML'
[[model]]
plugin    = "gaussian"
dimension = 10

[[method]]
name    = "walk"
sampler = "random_walk_metropolis"
chains  = 1
warmup  = 0
draws   = { each = [10000, 100000, 1000000] }
TOML
"$build/bin/elbow" run memory.toml --quiet
"$build/bin/elbow" compare results/memory --metric peak_memory_mb --metric seconds
