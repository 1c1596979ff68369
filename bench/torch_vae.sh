#!/usr/bin/env bash
# Time of one training step of a variational autoencoder, against PyTorch: bench/torch_vae.sh BUILD [SECONDS PER ROW].
# Same architectures, batches, loss, Adam and dynamic binarisation; one thread on one core. Each architecture is measured
# seven times, every time beside its peer: medians, and the median of the seven ratios.
# The peer is Debian's python3-torch with libopenblas0; where it is missing that is said.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:-build/release}
seconds=${2:-1}
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
turns=7
for ((turn = 0; turn < turns; turn++)); do
  for row in 1 2 3; do
    "${pin[@]}" "$build/bench/bench_vae_step" "$seconds" $row >>"$work/elbow"
    ! $has_torch || "${pin[@]}" /usr/bin/python3 bench/torch_vae.py "$seconds" $row >>"$work/torch"
  done
done

middle() { sort -g | sed -n "$((turns / 2 + 1))p"; }
times() { awk -v widths="$2" '$2 == widths {print $4}' "$work/$1"; }
printf '\n%-16s %6s %12s %12s %8s %8s\n' widths batch "Elbow us" "PyTorch us" ratio target
while read -r widths batch target; do
  elbow=$(times elbow "$widths" | middle)
  torch=- ratio=-
  if $has_torch; then
    torch=$(times torch "$widths" | middle)
    ratio=$(paste <(times elbow "$widths") <(times torch "$widths") | awk '{print $2 / $1}' | middle)
    ratio=$(printf '%.1f' "$ratio")
  fi
  printf '%-16s %6d %12.0f %12s %8s %8s\n' "$widths" "$batch" "$elbow" "$torch" "$ratio" "$target"
done <<'ROWS'
784-400-20 128 2
784-200-200-50 20 5
784-64-8 64 8
ROWS
