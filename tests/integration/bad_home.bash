# bad_home - what the stories of bad input share: a home whose failures are mined, patches of one plugin made
# by hand, and the proof that a refusal left everything that counts as it was. Sourced, never run.
set -euo pipefail
export LC_ALL=C XDG_CONFIG_HOME
work=$(mktemp -d); trap 'broker_gone; rm -rf "$work"' EXIT
chmod 755 "$work"
XDG_CONFIG_HOME=$work/config
moult=$MOULT_BIN/moult home=$work/home
data=$MOULT_SRC/tests/data/traces
# The broker goes a moment after its last client; it holds this lock as long as it lives.
broker_gone() { [ ! -e "$home/run/broker.lock" ] || flock "$home/run/broker.lock" true; }
fail() { echo "FAILED: $*"; cat "$work/out" "$work/err" 2>/dev/null || true; exit 1; }
m() { "$moult" -C "$home" --json "$@"; }

# says EXIT COMMAND...: the status is as said; what it said is in $work/out and $work/err.
says() {
    local want=$1 got=0; shift
    "$@" >"$work/out" 2>"$work/err" || got=$?
    [ "$got" = "$want" ] || fail "exit $got, not $want: $*"
}
has() { grep -qF -- "$1" "$work/out" || fail "not said: $1"; }

make_home() { # one cluster that can be mended by hand: string_for_array, of the plugin `calls`
    "$moult" init "$home" --harness "$MOULT_SRC/examples/naive-harness" --split-key "$(printf '%064d' 7)" >"$work/out"
    m import tau-bench --tools "$data/tau_retail_tools.json" "$data/tau_retail_llama31_8b.jsonl.gz" >"$work/out"
    m mine >"$work/out"
}

db() { sqlite3 -readonly -cmd '.timeout 10000' "$home/journal.db" "$1"; }

# What is active and what was recorded: no refusal may change a byte of it.
standing() {
    git -C "$home/harness" rev-parse active HEAD
    git -C "$home/harness" status --porcelain
    db 'SELECT hex(digest), body FROM admission ORDER BY number'
    db 'SELECT id, state, hex(document) FROM cluster ORDER BY id'
    db 'SELECT count(*) FROM session'
    m plugins
}
# The same and all that the evolver makes: candidates, their refs, builds, the audit chain.
everything() {
    standing
    git -C "$home/harness" for-each-ref
    find "$home/builds" "$home/keys" -type f -exec sha256sum {} + | sort
    db 'SELECT * FROM candidate ORDER BY id'
    db 'SELECT count(*), max(number) FROM audit'
    sha256sum "$home/moult.json"
}
sound() { # git, audit chain and log agree
    git -C "$home/harness" fsck --strict >"$work/fsck" 2>&1 || fail "git fsck: $(cat "$work/fsck")"
    says 0 m audit verify
    has '"ok":true'
    says 0 m log
    has "\"commit\":\"$(git -C "$home/harness" rev-parse active)\""
}
unchanged() { # WHAT-BEFORE WHAT: standing or everything, compared with before
    "$2" >"$work/now" 2>&1
    cmp -s "$1" "$work/now" || { diff "$1" "$work/now" >"$work/out" || true; fail "a refusal changed something: $3"; }
}

# $source is the plugin `calls`, as it is active until edit puts something in the place of something.
take_source() { source=$(git -C "$home/harness" show active:plugins/calls/calls.c; echo x); source=${source%x}; }
edit() { # OLD NEW
    [[ $source == *"$1"* ]] || fail "calls.c has no: $1"
    source=${source/"$1"/"$2"}
}
edit_mend() { # the repair that the gate passes
    edit 'static moult_action count_call' 'static void mend_lists(moult_turn *turn, moult_call *call)
{
    for (moult_it it = { 0 }; moult_each(turn, call->args, &it);) {
        const moult_schema *schema = moult_schema_of(turn, call->name, it.key);
        const moult_json *value = moult_parse(turn, moult_text_of(turn, it.value), MOULT_LENIENT);
        if (schema && !moult_fits(turn, schema, it.value) && moult_fits(turn, schema, value))
            moult_arg_set(turn, call, it.key, value);
    }
}

static moult_action count_call'
    edit '    state->turn++;' '    mend_lists(turn, call);
    state->turn++;'
    edit '    .traits = MOULT_ONLY_LOOKS,
' ''
}
make_patch() { # $work/patch makes the plugin $source
    rm -rf "$work/a" "$work/b"
    mkdir -p "$work/a/plugins/calls" "$work/b/plugins/calls"
    git -C "$home/harness" show active:plugins/calls/calls.c >"$work/a/plugins/calls/calls.c"
    printf '%s' "$source" >"$work/b/plugins/calls/calls.c"
    (cd "$work" && git diff --no-index --no-prefix a b >"$work/patch") || [ $? = 1 ]
}
propose() { m propose --plugin calls --patch "$work/patch" --why "${1:-a test}" --cluster string_for_array; }
