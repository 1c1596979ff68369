#!/usr/bin/env bash
# NUTS beside rstan's: bench/rstan_nuts.sh [BUILD [MODEL...]]. Stan programs are compiled once per build folder.
set -euo pipefail
build=${1:-build/release}
shift || true
for package in rstan posterior rhdf5 jsonlite; do
  if ! Rscript -e "suppressPackageStartupMessages(library($package))" >/dev/null 2>&1; then
    echo "R package $package: not installed"
    exit 0
  fi
done
exec Rscript --vanilla bench/rstan_nuts.R "$build" "$@"
