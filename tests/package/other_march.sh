#!/usr/bin/env bash
# A plugin whose project adds its own -march is refused with both alignments: other_march.sh BUILD COMPILER
set -euo pipefail
build=$1 compiler=$2
elbow=$build/bin/elbow
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

"$elbow" new model narrow >/dev/null
march=x86-64  # 16 bytes
"$elbow" version >version.txt
if grep -q 'aligned to 16 bytes' version.txt; then march=skylake-avx512; fi
echo "set_source_files_properties(narrow.cpp PROPERTIES COMPILE_OPTIONS -march=$march)" >>narrow/CMakeLists.txt
cmake -S narrow -B build -DCMAKE_PREFIX_PATH="$build" -DCMAKE_CXX_COMPILER="$compiler" >/dev/null
cmake --build build >/dev/null

status=0
"$elbow" info model/narrow --plugins build/plugins >/dev/null 2>refusal.txt || status=$?
cat refusal.txt
[[ $status -eq 2 ]]
grep -q 'Eigen alignment in bytes (set by -march): expected [0-9]*, found [0-9]*' refusal.txt
grep -q 'build/plugins/models/narrow.so' refusal.txt
