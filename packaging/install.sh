#!/bin/sh
# Installs co-cred from the tarball beside this script, or from the one that is named, once its sum is right:
#
#   sh install.sh [--prefix DIR] [TARBALL] [SUM]
#
# The prefix is /usr/local. Without a SUM, the one in the file SHA256SUMS beside the tarball is taken. Needs nothing but sh,
# tar, gzip and sha256sum, as the smallest image has them; fit for a postInstall script.
set -eu

fail() {
    echo "install.sh: $1" >&2
    exit 1
}

prefix=/usr/local
if [ "${1-}" = --prefix ]; then
    [ $# -ge 2 ] || fail "--prefix takes a folder"
    prefix=$2
    shift 2
fi
here=$(dirname "$0")
tarball=${1-$(ls "$here"/co-cred-*-x86_64-linux.tar.gz 2>/dev/null | tail -n 1)}
[ -f "$tarball" ] || fail "there is no tarball: name it"
[ "$(uname -s) $(uname -m)" = "Linux x86_64" ] || fail "this binary is for Linux on x86_64"
wanted=${2-$(sed -n "s/^\([0-9a-f]\{64\}\)[ *]*$(basename "$tarball")\$/\1/p" "$(dirname "$tarball")/SHA256SUMS" 2>/dev/null || true)}
[ -n "$wanted" ] || fail "no sum is known for $tarball: name it, or put SHA256SUMS beside it"
sum=$(sha256sum "$tarball" | cut -d ' ' -f 1)
[ "$sum" = "$wanted" ] || fail "the sum of $tarball is not what it should be: nothing is installed"

mkdir -p "$prefix"
# Whole or not at all: beside its place first, then renamed into it.
new=$(mktemp -d "$prefix/.co-cred.XXXXXX")
trap 'rm -rf "$new"' EXIT
gzip -dc "$tarball" | (cd "$new" && tar -xf -)
for file in $(cd "$new" && find . ! -type d); do
    mkdir -p "$prefix/$(dirname "$file")"
    mv -f "$new/$file" "$prefix/$file"
done
"$prefix/bin/co-cred" --version
