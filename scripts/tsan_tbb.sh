#!/usr/bin/env bash
# Builds oneTBB with the thread sanitizer into build/tbb-tsan, for the preset tsan. With an uninstrumented oneTBB the
# sanitizer reports races that are none, and suppressing those hides real ones.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
prefix=$top/build/tbb-tsan
stamp=$prefix/built-from

case ${1-} in
    '') ;;
    --help) echo "usage: scripts/tsan_tbb.sh
Fetches Debian's source of oneTBB, as new as the installed libtbb-dev, builds it with the thread sanitizer and installs it
in build/tbb-tsan. Does nothing when that is done."; exit ;;
    *) echo "scripts/tsan_tbb.sh: takes no arguments (see --help)" >&2; exit 2 ;;
esac

version=$(dpkg-query -W -f '${source:Version}' libtbb-dev)
wanted="onetbb $version, $(c++ --version | head -n 1)"
if [[ -e $stamp && $(<"$stamp") == "$wanted" ]]; then
    echo "build/tbb-tsan is there: $wanted"
    exit
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# An apt of our own, which looks for sources where the system's looks for packages; the system's stays as it is.
mkdir -p "$work/apt/lists/partial" "$work/apt/archives/partial" "$work/source"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
if [[ -e $keyring ]]; then signed="[signed-by=$keyring] "; else signed=''; fi
apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' | sort -u |
    sed "s|^|deb-src $signed|" > "$work/apt/sources.list"
apt=(apt-get -q -o "Dir::Etc::SourceList=$work/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null
     -o "Dir::State::Lists=$work/apt/lists" -o "Dir::Cache=$work/apt"
     -o Acquire::Retries=3 -o "APT::Sandbox::User=$(id -un)")
echo "fetching the source of oneTBB $version"
"${apt[@]}" update > "$work/apt.log" 2>&1 || { cat "$work/apt.log"; exit 1; }
(cd "$work/source" && "${apt[@]}" source "onetbb=$version") > "$work/apt.log" 2>&1 || { cat "$work/apt.log"; exit 1; }
echo "building it with the thread sanitizer"

rm -rf "$prefix"
launcher=()
if command -v ccache > /dev/null; then launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
cmake -S "$work"/source/onetbb-* -B "$work/build" -G Ninja "${launcher[@]}" \
    -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_INSTALL_PREFIX="$prefix" -DCMAKE_INSTALL_LIBDIR=lib \
    -DTBB_SANITIZE=thread -DTBB_STRICT=OFF -DTBB_TEST=OFF -DTBBMALLOC_BUILD=OFF \
    -DCMAKE_CXX_FLAGS=-Wno-tsan > "$work/configure.log" ||
    { cat "$work/configure.log"; exit 1; }
cmake --build "$work/build" > "$work/build.log" 2>&1 || { tail -n 50 "$work/build.log"; exit 1; }
cmake --install "$work/build" > /dev/null
echo "$wanted" > "$stamp"
echo "built: $wanted"
