#!/bin/bash
# interop/gcloud.sh - gcloud's commands, those of the lab and their neighbours, against a built and an empty project.
#
# Each line of gcloud.commands names a world, the exit code that real gcloud ends with, an expression that its output
# (both streams) must match, and the command; $BUCKET and the like stand for what the world holds. ONLY=EXPRESSION runs
# the commands that match it, SHOW=1 prints what each one said. Ends with a table; exit 0 when all is as expected.
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: the tidegate authors
set -u
top=${TOP_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
tidegate=${TIDEGATE:-$top/build/tidegate}
commands=$top/tests/interop/gcloud.commands
if ! command -v gcloud >/dev/null; then
    echo "gcloud: not run: missing: gcloud"
    exit 0
fi
work=$(mktemp -d)
worlds=
trap '[ -z "$worlds" ] || kill $worlds 2>/dev/null; rm -rf "$work"' EXIT INT TERM
for world in built empty; do
    "$tidegate" sim --dir "$work/$world" --$world --speed "${SPEED:-100}" >"$work/$world.ready" &
    worlds="$worlds $!"
done
for world in built empty; do
    for _ in $(seq 100); do
        grep -q ready "$work/$world.ready" && break
        sleep 0.1
    done
done

export WORK=$work
count=0
failed=0
printf '%-4s %-6s %-5s %-8s %-4s %s\n' no world exit expected seen command
while IFS='|' read -r world expected pattern command; do
    case $world in
    '#'* | '') continue ;;
    esac
    if [ -n "${ONLY:-}" ] && ! printf '%s' "$world $command" | grep -qE -- "$ONLY"; then
        continue
    fi
    count=$((count + 1))
    (
        . "$work/$world/env"
        export BUCKET="gs://$PROJECT_ID-gemma-weights" KUBECONFIG="$work/$world.kubeconfig"
        cd "$work" && eval "$command"
    ) >"$work/out" 2>&1 </dev/null
    code=$?
    seen=yes
    [ "$pattern" = - ] || grep -aqE -- "$pattern" "$work/out" || seen=NO
    [ "$code" = "$expected" ] && [ "$seen" = yes ] || failed=$((failed + 1))
    printf '%-4s %-6s %-5s %-8s %-4s %s\n' "$count" "$world" "$code" "$expected" "$seen" "$command"
    if [ -n "${SHOW:-}" ] || [ "$code" != "$expected" ] || [ "$seen" = NO ]; then
        [ "$seen" = yes ] || echo "        wanted: $pattern"
        head -n 40 "$work/out" | LC_ALL=C tr -dc '[:print:]\n' | sed 's/^/        | /'
    fi
done <"$commands"
echo
echo "$(gcloud --version 2>/dev/null | head -1): $count commands, $failed not as expected"
[ "$failed" = 0 ]
