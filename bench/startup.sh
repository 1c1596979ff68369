#!/usr/bin/env bash
# How long the program takes to start, and to describe plugins: bench/startup.sh [BUILD]. Means over
# at least 20 runs, with their standard deviation; hyperfine is a Debian package.
set -euo pipefail
build=${1:-build/release}
elbow=$build/bin/elbow
table=$(mktemp)
trap 'rm -f "$table"' EXIT
hyperfine --shell=none --warmup 3 --min-runs 20 --style none --export-csv "$table" \
  "$elbow --help" "$elbow version" "$elbow info family/gaussian_mean_field" "$elbow list" >/dev/null
printf '%-45s %9s %9s %9s\n' "command" "mean ms" "sd ms" "limit ms"
tail -n +2 "$table" | while IFS=, read -r command mean sd _; do
  case $command in
    *--help) limit=20 ;;
    *list) limit=50 ;;
    *) limit=- ;;
  esac
  awk -v c="elbow ${command#"$elbow "}" -v m="$mean" -v s="$sd" -v l="$limit" \
    'BEGIN { printf "%-45s %9.1f %9.1f %9s\n", c, 1000 * m, 1000 * s, l }'
done
echo "plugins listed: $("$elbow" list | wc -l)"
