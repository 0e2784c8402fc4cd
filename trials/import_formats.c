/* import_formats - the table of formats, and what the importers share. */
#include "trials/import.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

#define LINES ".jsonl or .jsonl.gz"

const struct import_format import_formats[] = {
    { "tau-bench", "results of tau-bench and tau2-bench, as .json, .jsonl or .jsonl.gz", import_tau,
        .agents = true },
    { "openai",
        "chat completions: requests with replies, conversations, rows for fine-tuning, "
        "as " LINES,
        import_openai },
    { "atif", "trajectories of ATIF v1, as .json, .jsonl or .jsonl.gz", import_atif },
    { "otlp",
        "spans of the GenAI conventions, OTLP/JSON or an SDK's, as .json, .jsonl or .jsonl.gz",
        import_otlp },
    { "moult", "what moult trace --export writes, as " LINES, import_moult },
    { "claude-code", "session logs of Claude Code, as " LINES, import_claude, true },
    { "codex", "rollouts of Codex, as " LINES, import_codex, true },
    { "openclaw", "session logs of OpenClaw and pi, as " LINES, import_pi, true },
    { "gemini-cli", "chats of Gemini CLI, as .json or .json.gz", import_gemini, true },
    { "swe-agent", "trajectories of SWE-agent and mini-swe-agent, as .traj, .json or .gz of them",
        import_swe },
    { "openhands", "trajectories and output.jsonl of OpenHands, as .json, .jsonl or .gz of them",
        import_openhands, true },
    { 0 },
};

const struct import_format *import_format_find(const char *name)
{
    for (const struct import_format *format = import_formats; format->name; format++)
        if (strcmp(format->name, name) == 0)
            return format;
    return NULL;
}

/* A kind is said on one short line: its own words come from the file. */
void import_unmapped(const struct import_sink *sink, const char *kind, struct str detail)
{
    char said[80], shown[40];
    if (!sink->unmapped)
        return;
    str_printable(shown, sizeof shown, detail, false);
    snprintf(said, sizeof said, detail.size ? "%.30s %s" : "%.30s", kind, shown);
    sink->unmapped(sink->with, str_of(said));
}

const char *import_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

struct str import_stem(const char *path)
{
    const char *name = import_name(path);
    struct str stem = { name, strcspn(name, ".") };
    return stem.size > 0 ? stem : str_of(name);
}

const struct json *import_json(struct str text, struct arena *arena, struct err *err)
{
    static const struct json_limits limits = {
        .size_max = IMPORT_RUN_MAX, .depth_max = IMPORT_DEPTH_MAX, .duplicates = true
    };
    const struct json *root = json_read(arena, text, &limits, err);
    if (!root)
        err_while(err, "read it");
    return root;
}

int import_pieces(const char *path, const struct import_sink *sink, import_piece each, void *with,
    bool *stop, struct err *err)
{
    CLEANUP(pieces_freep) struct pieces *pieces = NULL;
    CLEANUP(arena_done) struct arena arena = { 0 };
    int status = pieces_open(&pieces, path, err);
    for (struct str text; status >= 0; arena_reset(&arena)) {
        struct err why = { 0 };
        status = pieces_next(pieces, &text, &why);
        if (status == 0)
            return 0;
        if (status > 0)
            status = each(with, text, pieces_where(pieces), &arena, &why);
        if (status < 0 && *stop) {
            if (err)
                *err = why;
            return status;
        }
        if (status < 0)
            sink->skipped(sink->with, pieces_where(pieces), why.text);
        status = 0;
    }
    return status;
}
