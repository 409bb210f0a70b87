# shellcheck shell=bash disable=SC2034
# Shared by the scripts: where things are, and how parts of a run are timed and reported. To be sourced.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cores=$(nproc)
part_names=()
part_results=()
failed_log=
cd "$top"

say() { printf '\n== %s\n' "$*"; }
die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}
need() {
    local tool
    for tool in "$@"; do
        command -v "$tool" > /dev/null || die "$tool is missing; scripts/packages long installs it"
    done
}

# part LIMIT NAME COMMAND...: runs a command for at most LIMIT seconds (0: no limit), keeps what it printed in
# build/logs/NAME.log, and goes on when it failed; `finish` tells.
part() {
    local limit=$1 name=$2 started=$SECONDS status=0
    shift 2
    local log=$top/build/logs/$name.log
    mkdir -p "$top/build/logs"
    say "$name"
    if ((limit > 0)); then set -- timeout -k 20 "$limit" "$@"; fi
    "$@" 2>&1 | tee "$log" || status=$?
    local took=$((SECONDS - started)) result=ok
    if ((status == 124)); then result="FAILED (over $limit s)"; elif ((status)); then result="FAILED ($status)"; fi
    if ((status)) && [[ -z $failed_log ]]; then failed_log=$log; fi
    part_names+=("$name")
    part_results+=("$(printf '%4d s  %s' "$took" "$result")")
    printf -- '-- %s: %s\n' "$name" "${part_results[-1]}"
}

# finish NAME: prints the time of each part, then ctest's summary: of the part NAME, or of the first part that failed. Exits
# with 1 if one failed.
finish() {
    local log=$top/build/logs/$1.log i
    say "times"
    for i in "${!part_names[@]}"; do printf '%-12s %s\n' "${part_names[i]}" "${part_results[i]}"; done
    if [[ -n $failed_log ]]; then
        log=$failed_log
        say "failed: $(basename "$log" .log)"
    else
        say "ctest's summary of the part $1"
    fi
    if grep -q '% tests passed' "$log"; then
        # from the last such line on; one process, for a reader that stops early would kill the writer before it
        awk '/% tests passed/ { text = ""; found = 1 } found { text = text $0 "\n" } END { printf "%s", text }' "$log"
    else
        tail -n 30 "$log"
    fi
    [[ -z $failed_log ]]
}
