#!/bin/sh
# Installs co-cred from the tarball beside this script, or from the one that is named, after checking its sum:
#
#   sh install.sh [--prefix DIR] [TARBALL] [SUM]
#
# The prefix is /usr/local. Without a SUM, the one in the file SHA256SUMS beside the tarball is taken. Needs only sh,
# tar, gzip and sha256sum, which the smallest images have; for a postInstall script, too.
set -eu

fail() {
    echo "install.sh: $1" >&2
    exit 1
}

usage="sh install.sh [--prefix DIR] [TARBALL] [SUM]"
unset CDPATH
umask 022
prefix=/usr/local
while [ $# -gt 0 ]; do
    case $1 in
    --prefix)
        [ $# -ge 2 ] || fail "--prefix takes a folder"
        prefix=$2
        shift 2
        ;;
    --help | -h)
        echo "usage: $usage"
        exit
        ;;
    -*) fail "there is no option $1; usage: $usage" ;;
    *) break ;;
    esac
done
[ $# -le 2 ] || fail "too many words; options come first: $usage"
here=$(dirname "$0")
if [ $# = 0 ]; then
    set -- "$here"/co-cred-*-x86_64-linux.tar.gz
    [ $# = 1 ] || fail "there are several tarballs: name one"
fi
tarball=$1
[ -f "$tarball" ] || fail "there is no tarball: name it"
[ "$(uname -s) $(uname -m)" = "Linux x86_64" ] || fail "this binary is for Linux on x86_64"
wanted=${2-$(sed -n "s/^\([0-9a-f]\{64\}\)[ *]*$(basename "$tarball")\$/\1/p" "$(dirname "$tarball")/SHA256SUMS" 2>/dev/null || true)}
[ -n "$wanted" ] || fail "no sum is known for $tarball: name it, or put SHA256SUMS beside it"
sum=$(sha256sum "$tarball" | cut -d ' ' -f 1)
[ "$sum" = "$wanted" ] || fail "the sum of $tarball is not what it should be: nothing is installed"

mkdir -p "$prefix"
# All of it beside its place first, where it is seen to run; then each file is renamed into it.
new=$(mktemp -d "$prefix/.co-cred.XXXXXX")
trap 'rm -rf "$new"' EXIT
trap 'exit 1' HUP INT TERM
gzip -dc "$tarball" | (cd "$new" && tar -xf -)
"$new/bin/co-cred" --version || fail "it does not run here: nothing is installed"
# systemd looks for programs in folders of its own alone; a name that it would read in its own way is left out.
unit=$new/share/systemd/user/co-cred-agent.service
bin=$(cd "$prefix" && pwd)/bin
case $bin in
*[!A-Za-z0-9_./-]*) ;;
*)
    if [ -f "$unit" ]; then
        sed "s|^ExecStart=co-cred|ExecStart=$bin/co-cred|" "$unit" > "$unit.new"
        mv "$unit.new" "$unit"
    fi
    ;;
esac
files=$(cd "$new" && find . ! -type d)
for file in $files; do
    [ ! -d "$prefix/$file" ] || fail "$prefix/$file is a folder: nothing is installed"
done
for file in $files; do
    mkdir -p "$prefix/$(dirname "$file")"
    mv -f "$new/$file" "$prefix/$file"
done
