#!/bin/sh
# must_not_compile.sh <source> <compiler> <flags...>: the source compiles, and with -DWRONG it does not, with an error that has
# the text of each of its lines "// says: text". One with "// only: text" is tried if the compiler's version has that text.
set -eu
source=$1
shift
"$@" -fsyntax-only "$source"
only=$(sed -n 's|^// only: ||p' "$source")
if [ -n "$only" ] && ! "$1" --version | grep -qF -e "$only"; then
    exit 0
fi
if errors=$("$@" -DWRONG -fsyntax-only "$source" 2>&1); then
    echo "$source compiles with -DWRONG" >&2
    exit 1
fi
sed -n 's|^// says: ||p' "$source" | while IFS= read -r text; do
    if ! printf '%s\n' "$errors" | grep -qF -e "$text"; then
        printf '%s\nThe error does not say: %s\n' "$errors" "$text" >&2
        exit 1
    fi
done
