#!/usr/bin/env bash
# Installs into a scratch folder, lets the installed program write a plugin of every kind, builds all
# of them with find_package(elbow), and loads each: new_plugins.sh BUILD COMPILER
set -euo pipefail
build=$1 compiler=$2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
kinds="model family estimator optimizer sampler"

cmake --install "$build" --prefix "$scratch/prefix" >/dev/null
# What is installed must not lean on the build tree or on a plugin path of the caller.
unset ELBOW_PLUGIN_PATH
elbow=$scratch/prefix/bin/elbow
cd "$scratch"
"$elbow" --help >help.txt

"$elbow" list >list.txt
grep -q '^family/gaussian_mean_field ' list.txt || { echo "the installed program does not find its plugins"; exit 1; }

{
  echo 'cmake_minimum_required(VERSION 3.25)'
  echo 'project(outside LANGUAGES CXX)'
} >CMakeLists.txt
for kind in $kinds; do
  "$elbow" new "$kind" "my_$kind" >/dev/null
  echo "add_subdirectory(my_$kind)" >>CMakeLists.txt
done
cmake -S . -B build -DCMAKE_PREFIX_PATH="$scratch/prefix" -DCMAKE_CXX_COMPILER="$compiler" \
  -DCMAKE_CXX_FLAGS="-Wall -Wextra -Werror" >/dev/null
cmake --build build -j 2 >/dev/null
for kind in $kinds; do
  "$elbow" info "$kind/my_$kind" --plugins build/plugins >info.txt
  grep -q "^$kind/my_$kind: " info.txt || { cat info.txt; exit 1; }
  if grep -q '^  elbow check ' help.txt; then
    "$elbow" check "$kind/my_$kind" --plugins build/plugins
  fi
done

# A plugin that is there already is not overwritten.
if "$elbow" new model my_model 2>refusal.txt; then echo "my_model was overwritten"; exit 1; fi
grep -q 'is there already' refusal.txt
