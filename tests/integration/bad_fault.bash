# bad_fault - runs a command in which one call of one program goes wrong (tests/tools/faults.c), on a home that is
# put back each time. Sourced, behind bad_home.
faults=$MOULT_BUILD/tests/libfaults.so slow=1
# A sanitizer's runtime wants to be the first library, and its programs are slow: fewer places are tried.
sanitizer=$(ldd "$MOULT_BIN/moult-evolve" | sed -n 's/.*=> \(.*libasan[^ ]*\).*/\1/p')
[ -z "$sanitizer" ] || slow=4
# faulty PROGRAM:CALLS:N:ACTION COMMAND...: its status; $work/fired is there if that call was made.
faulty() {
    local what=$1 got=0; shift
    rm -f "$work/fired"
    { (exec env ${sanitizer:+ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0} LD_PRELOAD="${sanitizer:+$sanitizer }$faults" \
        FAULTS="$what" FAULTS_FIRED="$work/fired" "$@") >"$work/out" 2>"$work/err" || got=$?; } 2>/dev/null # the shell tells of each kill
    return "$got"
}
keep_home() { broker_gone; rm -rf "$work/kept"; cp -a "$home" "$work/kept"; }
put_home() { broker_gone; rm -rf "$home"; cp -a "$work/kept" "$home"; }
# Which places are tried is drawn from a seed: MOULT_PLACES=N tries others, MOULT_PLACES=$RANDOM ones that nobody has tried.
seed=${MOULT_PLACES:-1}
RANDOM=$seed
echo "places of MOULT_PLACES=$seed"
# stride STEP: on to another place in `at`, STEP further in the mean; from the start: one of the first STEP places.
stride() { [ "$at" = 0 ] && at=$((1 + RANDOM % $1)) || at=$((at + 1 + RANDOM % (2 * $1 - 1))); }
