# Sourced by the stories of patches that the gate must not pass, and of those that it must.
set -euo pipefail
command -v node >/dev/null || { echo "SKIPPED: NO node, WHICH READS THE ANSWERS: NOTHING WAS TRIED"; exit 77; }
traces=$MOULT_SRC/tests/data/traces
[ -d "$traces" ] || { echo "SKIPPED: NO tests/data/traces IN THIS CHECKOUT: NOTHING WAS TRIED"; exit 77; }
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
export XDG_CONFIG_HOME=$work/config
home=$work/home
moult="$MOULT_BIN/moult -C $home"
fail() { echo "FAILED: $*"; exit 1; }
looks() { sqlite3 -readonly -cmd '.timeout 10000' "$home/journal.db" 'select count(*) from look'; }
# try NAME STATE EXIT [OPTION ...]: the candidate of tests/redteam/gate/NAME.patch, or of a file, ends in that state; the
# answer is in $work/out, its name in $id.
try() {
    local got=0 patch=$MOULT_SRC/tests/redteam/gate/$1.patch
    [ ! -f "$1" ] || patch=$1
    tried=$((tried + 1)) # in the words, so that the same patch is another candidate
    $moult --json propose --plugin "$plugin" --patch "$patch" --why "$1, $tried" \
        --cluster "$cluster" "${@:4}" >"$work/out" 2>"$work/err" </dev/null || got=$?
    [ "$got" = "$3" ] || { cat "$work/out" "$work/err"; fail "$1: exit $got, not $3"; }
    grep -q "\"state\":\"$2\"" "$work/out" || { cat "$work/out"; fail "$1 is not $2"; }
    id=$(sed 's/.*"id":"\([0-9a-f]*\)".*/\1/' "$work/out" | head -1)
}
# no RULE [WORD]: the last candidate's verdict is fail, or that word, by that rule.
no() {
    $moult --json show "$id" >"$work/shown"
    node -e 'const it = JSON.parse(require("fs").readFileSync(0, "utf8")), [rule, word] = process.argv.slice(1)
        const row = it.verdict.reasons.find(r => r.rule === rule)
        if (it.verdict.verdict !== word || row?.holds !== word) { console.log(it.verdict); process.exit(1) }' \
        "$1" "${2:-fail}" <"$work/shown" || fail "$1 does not say no"
}
# home_of CLUSTER FILE...: a new home with these recordings, mined for that failure.
home_of() {
    cluster=$1 plugin=calls tried=0; shift
    "$MOULT_BIN/moult" init "$home" --harness "$MOULT_SRC/examples/naive-harness" \
        --split-key 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff >"$work/out"
    $moult import tau-bench --tools "$traces/tau_retail_tools.json" "$@" >"$work/out"
    $moult mine --cluster "$cluster" >"$work/out"
}
