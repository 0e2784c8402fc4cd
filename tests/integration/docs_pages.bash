# docs_pages - runs a page of docs/guide as a reader would: what its fenced blocks hold is written to
# files or given to the shell, in the order of the page. Sourced by stories.
#   ```sh             commands; each must succeed
#   ```sh refused     one command, to which the answer is no (exit 1)
#   ```sh setup       what the story does itself: where the checkout is
#   ```LANG FILE      a file
# A block without a word behind its fence is what the reader sees, and is not looked at.

page_script() { # PAGE: a script on standard output
    awk '
        /^```/ && open { open = 0; if (how == "file") print "END_OF_BLOCK"
                         if (how == "no") print "} >>\"$log\" 2>&1 || got=$?; [ $got = 1 ] || { echo \"not refused, exit $got\"; exit 1; }"; next }
        /^```/ { open = 1; how = "skip"
                 if ($1 == "```sh" && NF == 1) how = "run"
                 else if ($1 == "```sh" && $2 == "refused") { how = "no"; print "got=0; {" }
                 else if ($1 != "```sh" && NF == 2) { how = "file"
                     print "mkdir -p \"$(dirname '\''" $2 "'\'')\"; cat >'\''" $2 "'\'' <<'\''END_OF_BLOCK'\''" }
                 next }
        open && how != "skip" { print }' "$1"
}

run_page() { # PAGE FOLDER [SED]: $src is the checkout, $log gets what is said
    page_script "$MOULT_SRC/docs/guide/$1" | sed "${3:-}" >"$2/page.bash"
    [ "$(wc -l <"$2/page.bash")" -gt 20 ] || { echo "FAILED: no blocks in $1"; exit 1; }
    mkdir "$2/work"
    (cd "$2/work" && src=$MOULT_SRC log=$2/log bash -euo pipefail -x "$2/page.bash") >>"$2/log" 2>&1 </dev/null ||
        { echo "FAILED: $1"; tail -40 "$2/log"; exit 1; }
}
