/* script - what a scripted model does, read from one JSON document: docs/reference/script.md.
 *
 * An unknown key is an error that names it, so that a misspelt fault does not turn a test into one
 * that tests nothing. The same language drives `moult mock-model` and the `script` provider. */
#pragma once

#include "base/arena.h"
#include "base/json.h"
#include "mock/answer.h"
#include "mock/ask.h"

enum {
    SCRIPT_SIZE_MAX = 4 << 20,
    SCRIPT_ITEMS_MAX = 4096,
    SCRIPT_NUMBER_MAX = 1000000000,
    SCRIPT_GZIP_MAX = 2000000000, /* bytes of filler: they are compressed at once */
};

struct script_texts {
    const struct str *at;
    uint32_t count;
};
enum script_presence { HEADER_IS, HEADER_THERE, HEADER_ABSENT };
struct script_header {
    struct str name, value; /* name as written; in `when` in lower case */
    enum script_presence presence;
};
struct script_headers {
    const struct script_header *at;
    uint32_t count;
};

/* What a request must be like. A zeroed one lets every request pass. */
struct script_when {
    struct str model, user, user_contains, system_contains, result_contains, tool;
    struct script_headers headers;
    int kind;                 /* enum ask_kind + 1, or 0 */
    int last_role;            /* enum ask_role + 1, or 0 */
    int stream;               /* 1 no, 2 yes, or 0 */
    uint32_t messages, times; /* + 1; 0: not asked */
    uint32_t after;
};

enum script_framing { FRAMING_USUAL, FRAMING_LENGTH, FRAMING_CHUNKED, FRAMING_CLOSE };

/* What goes wrong on the way. A number that may be 0 is kept + 1, so that zeroed is none. */
struct script_fault {
    bool silent, close, half, bad_json, no_end, duplicate_start, comments, crlf, early_hints, gzip;
    uint64_t cut_bytes, cut_events, error_after; /* + 1 */
    uint32_t byte_ms, pad, blanks;
    int framing; /* enum script_framing */
};

struct script_error {
    struct str type, code, message;
    bool said;
};

struct recorded;
struct script_rule {
    struct script_when when;
    struct answer answer;
    struct script_fault fault;
    struct script_error error;
    struct script_headers headers;
    struct script_texts recorded; /* files, relative to the script */
    struct recorded *tape;        /* of them: the engine's */
    uint32_t status, delay_ms, pause_ms;
    uint32_t count;  /* tokens that count_tokens answers, + 1 */
    struct str body; /* instead of an answer, as written */
    bool body_said;
    uint64_t matched; /* how often `when` held so far: the engine's */
};

struct script {
    struct str text; /* comments blanked out */
    struct script_texts models, keys;
    bool strict; /* refuse conversations that providers refuse */
    struct script_rule *rules;
    uint32_t rules_count;
};
/* Slices live in the arena. ERR_INPUT with where "NAME:LINE: $.path". */
int script_parse(
    struct script *ret, struct str text, const char *name, struct arena *arena, struct err *err);
