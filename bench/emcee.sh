#!/usr/bin/env bash
# Ensemble samplers beside emcee's (Debian's python3-emcee): bench/emcee.sh [BUILD].
set -euo pipefail
build=${1:-build/release}
for package in emcee numpy h5py; do
  if ! /usr/bin/python3 -c "import $package" 2>/dev/null; then
    echo "Python package $package: not installed"
    exit 0
  fi
done
OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 exec /usr/bin/python3 bench/emcee_moves.py "$build"
