# packages - packages from npm for a story: fetched once, by the names and digests of tests/tools/NAME, into a folder that
# git does not see. Sourced, never run; the story has a function skip.
# usage: fetch_packages NAME; sets packages
fetch_packages() {
    local wanted=$MOULT_SRC/tests/tools/$1
    command -v npm >/dev/null || skip 'npm is not installed'
    packages=$MOULT_SRC/.deps/$1
    mkdir -p "$packages"
    exec 9>"$packages/lock"
    flock 9
    cmp -s "$wanted/package-lock.json" "$packages/done" && return
    cp "$wanted/package.json" "$wanted/package-lock.json" "$packages/"
    (cd "$packages" && timeout 300 npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) ||
        skip 'the packages cannot be fetched'
    cp "$wanted/package-lock.json" "$packages/done"
}
