#!/usr/bin/env bash
# Mistakes in calls of elbow_add_plugin() say what was expected: bad_calls.sh BUILD COMPILER
set -euo pipefail
build=$1 compiler=$2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

expect_error() {  # CALL TEXT
  printf 'cmake_minimum_required(VERSION 3.25)\nproject(p LANGUAGES CXX)\nfind_package(elbow REQUIRED)\n%s\n' "$1" >CMakeLists.txt
  if cmake -S . -B build -DCMAKE_PREFIX_PATH="$build" -DCMAKE_CXX_COMPILER="$compiler" >out.txt 2>&1; then
    echo "accepted: $1"; exit 1
  fi
  # CMake breaks lines where it likes.
  tr -s ' \n' ' ' <out.txt | grep -qF "$2" || { cat out.txt; exit 1; }
}
expect_error 'elbow_add_plugin(metric thing thing.cpp)' 'kind must be model, family, estimator, optimizer or sampler, got "metric"'
expect_error 'elbow_add_plugin(model My-Thing thing.cpp)' 'got "My-Thing"'
expect_error 'elbow_add_plugin(model thing)' 'no source file given'
