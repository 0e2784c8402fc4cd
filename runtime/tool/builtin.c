/* builtin - see builtin.h. */
#include "tool/builtin.h"

#include "base/fd.h"
#include "base/mem.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>

enum { ARGS_DEPTH = 16, SECONDS_MAX = 600 };

enum kind { KIND_TEXT, KIND_NUMBER, KIND_FLAG };
static const char *const kind_words[] = {
    [KIND_TEXT] = "string", [KIND_NUMBER] = "integer", [KIND_FLAG] = "boolean"
};

struct param {
    const char *name;
    enum kind kind;
    bool needed;
    int64_t least, most; /* numbers */
    const char *about;
};
static const struct tool {
    const char *name, *about;
    builtin_run run;
    bool reads_only;
    struct param params[BUILTIN_PARAMS_MAX];
} tools[] = {
    { "read_file",
        "Read a text file of the workspace. Long files come in parts: the last line of the answer "
        "says how to go on.",
        tool_read, true,
        { { "path", KIND_TEXT, true, 0, 0, "Path in the workspace, such as src/main.c" },
            { "offset", KIND_NUMBER, false, 1, INT32_MAX,
                "First line to show; lines count from 1" },
            { "limit", KIND_NUMBER, false, 1, INT32_MAX,
                "How many lines to show; 2000 if left out" } } },
    { "write_file",
        "Write a file of the workspace: a new one, or new content in the place of all of the old. "
        "Folders on the way are made. To change a part of a file use edit_file.",
        tool_write, false,
        { { "path", KIND_TEXT, true, 0, 0, "Path in the workspace" },
            { "content", KIND_TEXT, true, 0, 0, "All of the new content" } } },
    { "edit_file",
        "Replace text in a file of the workspace. The old text must stand there exactly as given, "
        "blanks and line ends included, and once only, unless all is true.",
        tool_edit, false,
        { { "path", KIND_TEXT, true, 0, 0, "Path in the workspace" },
            { "old", KIND_TEXT, true, 0, 0, "The exact text to replace" },
            { "new", KIND_TEXT, true, 0, 0, "What takes its place" },
            { "all", KIND_FLAG, false, 0, 0, "Replace every place where it stands" } } },
    { "list_files",
        "List files and folders of the workspace, sorted. Folders end with '/'; what is in .git is "
        "left out.",
        tool_list, true,
        { { "path", KIND_TEXT, false, 0, 0, "Folder to begin in; the workspace if left out" },
            { "glob", KIND_TEXT, false, 0, 0,
                "Only names that fit, such as *.c; with a '/', such as src/*.c, paths from that "
                "folder, and '*' also crosses folders" },
            { "depth", KIND_NUMBER, false, 1, 64,
                "How many levels to go down; 2 if left out, all with a glob" } } },
    { "shell",
        "Run a command with bash in the workspace. Each call is a new shell. "
        "The answer is what it wrote, and its exit code if that is not 0.",
        tool_shell, false,
        { { "command", KIND_TEXT, true, 0, 0, "The command" },
            { "timeout_s", KIND_NUMBER, false, 1, SECONDS_MAX,
                "Seconds until it is ended; 120 if left out" } } },
};

int builtin_init(struct builtin *builtin, const char *workspace, struct err *err)
{
    sigset_t ended;
    *builtin = (struct builtin){ .root = -1, .signals = -1 };
    if (!realpath(workspace, builtin->path))
        return err_sys(err, "workspace %s", workspace);
    builtin->root = open(builtin->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (builtin->root < 0)
        return err_sys(err, "workspace %s", workspace);
    sigemptyset(&ended);
    sigaddset(&ended, SIGCHLD);
    if (sigprocmask(SIG_BLOCK, &ended, NULL) < 0)
        return err_sys(err, "block SIGCHLD");
    builtin->signals = signalfd(-1, &ended, SFD_CLOEXEC | SFD_NONBLOCK);
    return builtin->signals < 0 ? err_sys(err, "signalfd") : 0;
}

void builtin_done(struct builtin *builtin)
{
    fd_closep(&builtin->root);
    fd_closep(&builtin->signals);
    buf_done(&builtin->text);
    buf_done(&builtin->content);
}

static bool is_param(const struct tool *tool, unsigned number)
{
    return number < BUILTIN_PARAMS_MAX && tool->params[number].name;
}

static void print_param(struct buf *out, const struct param *param)
{
    json_quote(out, str_of(param->name));
    buf_format(out, ":{\"type\":\"%s\"", kind_words[param->kind]);
    if (param->kind == KIND_NUMBER)
        buf_format(out, ",\"minimum\":%lld,\"maximum\":%lld", (long long)param->least,
            (long long)param->most);
    buf_text(out, ",\"description\":");
    json_quote(out, str_of(param->about));
    buf_char(out, '}');
}

static void print_schema(struct buf *out, const struct tool *tool)
{
    const char *between = "";
    buf_text(out, "{\"type\":\"object\",\"properties\":{");
    for (unsigned i = 0; is_param(tool, i); i++) {
        buf_text(out, i > 0 ? "," : "");
        print_param(out, &tool->params[i]);
    }
    buf_text(out, "},\"required\":[");
    for (unsigned i = 0; is_param(tool, i); i++) {
        if (!tool->params[i].needed)
            continue;
        buf_format(out, "%s\"%s\"", between, tool->params[i].name);
        between = ",";
    }
    buf_text(out, "],\"additionalProperties\":false}");
}

/* The words are the operator's; how to use them is what a model cannot see. */
static void add_reach(struct buf *out, const char *network)
{
    if (!network)
        buf_text(out, " There is no network.");
    else
        buf_format(out,
            " Of the network it reaches: %s. Hosts are reached by HTTP and HTTPS through the proxy "
            "that the environment names; names cannot be looked up.",
            network);
}

void builtin_list(struct buf *out, const char *network)
{
    for (size_t i = 0; i < COUNT_OF(tools); i++) {
        buf_format(out, "%s{\"name\":\"%s\",\"description\":", i > 0 ? "," : "", tools[i].name);
        CLEANUP(buf_done) struct buf about = { 0 };
        buf_text(&about, tools[i].about);
        if (tools[i].run == tool_shell)
            add_reach(&about, network);
        json_quote(out, buf_view(&about));
        buf_text(out, ",\"inputSchema\":");
        print_schema(out, &tools[i]);
        buf_format(
            out, ",\"annotations\":{\"readOnlyHint\":%s}}", tools[i].reads_only ? "true" : "false");
    }
}

static const struct tool *find_tool(struct str name)
{
    for (size_t i = 0; i < COUNT_OF(tools); i++)
        if (str_equal(name, str_of(tools[i].name)))
            return &tools[i];
    return NULL;
}

static int unknown_tool(struct str name, struct err *err)
{
    char word[64];
    err_set(err, ERR_MISSING, "no tool %s", str_printable(word, sizeof word, name, false));
    return err_hint(err, "there are read_file, write_file, edit_file, list_files and shell");
}

static int unknown_param(const struct tool *tool, struct str name, struct err *err)
{
    char word[64], known[80] = "";
    for (unsigned i = 0; is_param(tool, i); i++)
        snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", i > 0 ? ", " : "",
            tool->params[i].name);
    err_set(err, ERR_INPUT, "%s takes no \"%s\"", tool->name,
        str_printable(word, sizeof word, name, false));
    return err_hint(err, "it takes %s", known);
}

static int wrong_kind(const struct tool *tool, const struct param *param, struct err *err)
{
    err_set(err, ERR_INPUT, "%s of %s is not %s %s", param->name, tool->name,
        param->kind == KIND_NUMBER ? "an" : "a", kind_words[param->kind]);
    if (param->kind != KIND_NUMBER)
        return -ERR_INPUT;
    return err_hint(err, "from %lld to %lld", (long long)param->least, (long long)param->most);
}

static int read_value(struct builtin_value *ret, const struct tool *tool, const struct param *param,
    const struct json *value, struct arena *arena, struct err *err)
{
    bool fits = false;
    ret->given = true;
    switch (param->kind) {
    case KIND_TEXT:
        ret->text = json_string(arena, value);
        fits = ret->text.at && str_utf8(ret->text);
        break;
    case KIND_NUMBER:
        ret->number = json_int(value, INT64_MIN);
        fits = ret->number >= param->least && ret->number <= param->most;
        break;
    case KIND_FLAG:
        ret->flag = json_bool(value, false);
        fits = json_is(value, JSON_TRUE) || json_is(value, JSON_FALSE);
        break;
    }
    return fits ? 0 : wrong_kind(tool, param, err);
}

/* What a model gives as null it left out. */
static int read_values(struct builtin_value *values, const struct tool *tool,
    const struct json *args, struct arena *arena, struct err *err)
{
    JSON_EACH(child, args)
    {
        struct str name = json_key(arena, child);
        unsigned i = 0;
        while (is_param(tool, i) && !str_equal(name, str_of(tool->params[i].name)))
            i++;
        if (!is_param(tool, i))
            return unknown_param(tool, name, err);
        if (json_is(child, JSON_NULL))
            continue;
        int rc = read_value(&values[i], tool, &tool->params[i], child, arena, err);
        if (rc < 0)
            return rc;
    }
    for (unsigned i = 0; is_param(tool, i); i++)
        if (tool->params[i].needed && !values[i].given)
            return err_set(err, ERR_INPUT, "%s needs %s", tool->name, tool->params[i].name);
    return 0;
}

static void print_content(struct builtin *builtin)
{
    buf_clear(&builtin->content);
    buf_text(&builtin->content, "[{\"type\":\"text\",\"text\":");
    json_quote(&builtin->content, buf_view(&builtin->text));
    buf_text(&builtin->content, "}]");
}

static void run(struct builtin *builtin, const struct tool *tool,
    const struct builtin_value *values, struct client_answer *ret)
{
    struct err err = { 0 };
    buf_clear(&builtin->text);
    int rc = tool->run(builtin, values, &err);
    if (rc < 0) {
        buf_clear(&builtin->text);
        buf_text(&builtin->text, err.text);
        if (err.hint[0])
            buf_format(&builtin->text, "; %s", err.hint);
    }
    print_content(builtin);
    *ret = (struct client_answer){ rc != 0, buf_view(&builtin->content) };
}

int builtin_call(struct builtin *builtin, struct str tool, struct str args,
    struct client_answer *ret, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct builtin_value values[BUILTIN_PARAMS_MAX] = { { 0 } };
    const struct tool *row = find_tool(tool);
    if (!row)
        return unknown_tool(tool, err);
    const struct json *root =
        json_read(&arena, args, &(struct json_limits){ .depth_max = ARGS_DEPTH }, err);
    if (!root)
        return -err->code;
    if (!json_is(root, JSON_OBJECT))
        return err_set(err, ERR_INPUT, "arguments are a JSON object");
    int rc = read_values(values, row, root, &arena, err);
    if (rc == 0)
        run(builtin, row, values, ret);
    return rc;
}

struct str builtin_path(const struct builtin *builtin, struct str path)
{
    size_t size = strlen(builtin->path);
    if (!str_starts(path, str_of(builtin->path)) || (path.size > size && path.at[size] != '/'))
        return path;
    path = (struct str){ path.at + size, path.size - size };
    while (path.size > 0 && path.at[0] == '/')
        path = (struct str){ path.at + 1, path.size - 1 };
    return path.size > 0 ? path : STR(".");
}
