#!/usr/bin/env bash
# Time of one training step of a variational autoencoder, against PyTorch: bench/torch_vae.sh BUILD [SECONDS PER ROW].
# Same architectures, batches, loss, Adam and dynamic binarisation; one thread on one core, in turn three times, medians.
# The peer is Debian's python3-torch with libopenblas0; where it is missing that is said.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:-build/release}
seconds=${2:-1.5}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# What may be set for other reasons and would slow the peer.
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
pin=()
command -v taskset >/dev/null && pin=(taskset -c 0)

has_torch=true
/usr/bin/python3 -c 'import torch' 2>/dev/null || has_torch=false
if $has_torch; then
  /usr/bin/python3 - <<'PY'
import ctypes, torch
print("PyTorch", torch.__version__, end=", ")
try:
    blas = ctypes.CDLL("libopenblas.so.0")
    blas.openblas_get_corename.restype = ctypes.c_char_p
    print("OpenBLAS with the kernels of", blas.openblas_get_corename().decode())
except OSError:
    print("without OpenBLAS (libopenblas0)")
PY
else
  echo "PyTorch (python3-torch): not installed"
fi
for _ in 1 2 3; do
  "${pin[@]}" "$build/bench/bench_vae_step" "$seconds" >>"$work/elbow"
  ! $has_torch || "${pin[@]}" /usr/bin/python3 bench/torch_vae.py "$seconds" >>"$work/torch"
done

middle() { awk -v widths="$2" '$2 == widths {print $4}' "$1" | sort -g | sed -n 2p; }
printf '\n%-16s %6s %12s %12s %8s %8s\n' widths batch "Elbow us" "PyTorch us" ratio target
while read -r widths batch target; do
  elbow=$(middle "$work/elbow" "$widths")
  torch=-
  ! $has_torch || torch=$(middle "$work/torch" "$widths")
  awk -v w="$widths" -v b="$batch" -v e="$elbow" -v t="$torch" -v g="$target" \
    'BEGIN {printf "%-16s %6d %12.0f %12s %8s %8s\n", w, b, e, t, t == "-" ? "-" : sprintf("%.1f", t / e), g}'
done <<'ROWS'
784-400-20 128 2
784-200-200-50 20 5
784-64-8 64 8
ROWS
