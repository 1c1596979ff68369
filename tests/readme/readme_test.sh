#!/usr/bin/env bash
# Does what the README tells a new user to do: readme_test.sh experiment|language|python|r|plugin SOURCE BUILD
set -euo pipefail
what=$1 source=$2 build=$3
here=$(dirname "${BASH_SOURCE[0]}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export PATH=$build/bin:$PATH

snippet() { bash "$here/snippet" "$source/README.md" "$@"; }
skip() { echo "skipped: $1"; exit 4; }
# The quickstart's results, made short.
quickstart() {
  elbow run "$source/experiments/quickstart.toml" --quiet --set repeats=1 --set method.mean-field.stop.iterations=50 \
    --set method.full-rank.stop.iterations=50 --set method.hmc.draws=20 --set method.hmc.warmup=20
}

case $what in
  experiment)
    snippet toml >experiment.toml
    elbow run experiment.toml --quiet --set method.mean-field.stop.iterations=50 --set method.hmc.draws=20
    elbow compare results/experiment --metric elbow --by model >out 2>&1 && { echo "a misspelt metric was accepted"; exit 1; }
    grep -q 'elbo' out || { cat out; exit 1; }
    elbow compare results/experiment | tee out
    # Two models; per model two learning rates and HMC.
    [[ $(grep -c 'mean-field(' out) -ge 4 ]] && grep -q hmc out
    ;;
  language)
    # 5 models and 4 + 5 + 1 + 3 methods, three times; without those of dimension 20 with 5 + 1 of the methods.
    bash "$here/snippet" "$source/experiments/README.md" toml 1 >language.toml
    elbow plan language.toml --format json >plan.json
    [[ $(grep -c '"hash"' plan.json) -eq $(((5 * 13 - 2 * 6) * 3)) ]] || { elbow plan language.toml; exit 1; }
    # HMC ten times on two models; both samplers on three funnels, of which HMC on the default one is there already.
    bash "$here/snippet" "$source/experiments/README.md" toml 2 >grids.toml
    elbow plan grids.toml --format json >plan.json
    [[ $(grep -c '"hash"' plan.json) -eq $((2 * 10 + 3 * 2 - 1)) ]] || { elbow plan grids.toml; exit 1; }
    ;;
  python)
    /usr/bin/python3 -c 'import h5netcdf, h5py, netCDF4, xarray' 2>/dev/null || skip "needs Python with h5py, xarray, h5netcdf and netCDF4"
    quickstart
    snippet python >read.py
    for engine in h5netcdf netcdf4; do
      sed "s/engine=\"[a-z0-9]*\"/engine=\"$engine\"/" read.py | /usr/bin/python3 - | tee out
      grep -q Dimensions out
    done
    ;;
  r)
    Rscript -e 'library(rhdf5)' 2>/dev/null || skip "needs R with rhdf5"
    quickstart
    snippet r | Rscript - | tee out
    grep -q num out
    ;;
  plugin)
    cmake --install "$build" --prefix "$work/elbow" >install.log || { cat install.log; exit 1; }
    mkdir plugin
    snippet cpp >plugin/sign_descent.cpp
    cat >plugin/CMakeLists.txt <<'CMAKE'
cmake_minimum_required(VERSION 3.25)
project(sign_descent CXX)
find_package(elbow REQUIRED)
elbow_add_plugin(optimizer sign_descent sign_descent.cpp)
CMAKE
    cmake -S plugin -B plugin/build -DCMAKE_BUILD_TYPE=Release -DCMAKE_PREFIX_PATH="$work/elbow" >/dev/null
    cmake --build plugin/build >/dev/null
    export ELBOW_PLUGIN_PATH=$work/plugin/build/plugins
    "$work/elbow/bin/elbow" check optimizer/sign_descent
    "$work/elbow/bin/elbow" info optimizer/sign_descent | tee out
    grep -q learning_rate out && grep -q 0.01 out
    ;;
esac
