/* cmd_audit - moult audit verify|show|export: the chain over the journal's decisions. */
#include "promote/cmd.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "promote/audit.h"
#include "promote/certified.h"
#include "promote/checkpoint.h"

#include <stdio.h>
#include <string.h>

/* The answer may be no: then the first bad record is named, and the exit status is 1. */
static int verify(
    const struct verb_call *call, struct journal *journal, const struct home *home, struct err *err)
{
    struct audit audit;
    char hex[DIGEST_HEX];
    CLEANUP(buf_done) struct buf bad = { 0 };
    int rc = audit_check(journal, home, &audit, err);
    if (rc == 0)
        rc = certified_check(journal, err);
    if (rc < 0 && rc != -ERR_VERIFY)
        return rc;
    if (rc < 0)
        json_quote(&bad, str_of(err->text));
    if (call->json)
        printf(
            "{\"ok\":%s,\"records\":%llu,\"head\":\"%s\",\"checkpoints\":%llu,\"first_bad\":%s}\n",
            rc ? "false" : "true", (unsigned long long)audit.records,
            rc ? "" : hash_hex(hex, &audit.head), (unsigned long long)audit.checkpoints,
            rc ? bad.at : "null");
    else if (rc == 0)
        printf("ok          %llu records, %llu checkpoints, head %.16s\n",
            (unsigned long long)audit.records, (unsigned long long)audit.checkpoints,
            hash_hex(hex, &audit.head));
    else
        printf("broken      %s\n", err->text);
    return rc < 0;
}

/* --- show */

/* What a person is told of a record: words and members of its body, in order. A member within the
 * row's body is "body.NAME". Kinds that are not here are shown as they are. */
static const struct shown {
    const char *kind;
    const struct {
        const char *word, *member;
    } parts[8];
} shown[] = {
    { "split", { { "group", "group" }, { "split", "from" }, { "->", "to" } } },
    { "cluster",
        { { "", "cluster" }, { "", "from" }, { "->", "to" }, { "document", "document" } } },
    { "candidate",
        { { "", "candidate" }, { "", "from" }, { "->", "to" }, { "plugin", "body.plugin" },
            { "by", "body.proposer" }, { "because", "body.why" } } },
    { "admission", { { "", "admission" }, { "", "body.kind" }, { "plugin", "body.plugin" },
                       { "commit", "body.commit" }, { "candidate", "body.candidate" },
                       { "approved by", "body.by" } } },
    { "look", { { "candidate", "candidate" }, { "shard", "shard" }, { "look", "k" },
                  { "passes before", "passes" } } },
    { "look-end", { { "candidate", "candidate" }, { "shard", "shard" }, { "passed", "passed" } } },
    { "shard", { { "of the sealed split, number", "shard" } } },
    { "kin", { { "group", "group" }, { "counts with", "root" } } },
    { "aside", { { "session", "session" } } },
    { "opening", { { "shard", "shard" }, { "for candidate", "candidate" } } },
    { "opening-end",
        { { "shard", "shard" }, { "for candidate", "candidate" }, { "claim", "claim" } } },
    { "freeze", { { "frozen", "frozen" }, { "because", "why" } } },
    { "quarantine", { { "generation", "generation" }, { "because", "why" } } },
    { "round", { { "", "round" }, { "by", "by" }, { "because", "why" } } },
    { "network", { { "", "network" }, { "", "host" }, { "port", "port" }, { "by", "by" },
                     { "workspace", "workspace" } } },
    { "waiver", { { "without", "body.layers" } } },
    { "comparison", { { "", "digest" }, { "candidate", "body.candidate" },
                        { "shard", "body.shard" }, { "look", "body.look" } } },
    { "comparison-bet", { { "of", "body.comparison" }, { "bet", "body.bet" } } },
    { "case-added", { { "", "body.id" }, { "case", "body.case" } } },
    { "retired", { { "by the document", "digest" } } },
    { "flag", { { "session", "session" }, { "turn", "turn" }, { "because", "why" } } },
};

/* Ids and digests are cut to what a person compares. */
static void show_value(struct buf *out, const struct json *value, struct arena *arena)
{
    enum { SHOWN_HEX = 12 };
    struct str text = json_is(value, JSON_STRING) ? json_string(arena, value) : value->raw;
    bool hex = text.size > SHOWN_HEX;
    for (size_t i = 0; hex && i < text.size; i++)
        hex = text.at[i] && strchr("0123456789abcdef", text.at[i]);
    if (hex)
        text.size = SHOWN_HEX;
    buf_str(out, text);
}

static const struct json *member_of(const struct json *body, const char *name)
{
    static const char inner[] = "body.";
    if (strncmp(name, inner, sizeof inner - 1) != 0)
        return json_get(body, name);
    return json_get(json_get(body, "body"), name + sizeof inner - 1);
}

static void in_words(
    struct buf *out, const struct shown *kind, const struct json *body, struct arena *arena)
{
    for (size_t i = 0; i < COUNT_OF(kind->parts) && kind->parts[i].member; i++) {
        const struct json *value = member_of(body, kind->parts[i].member);
        if (!value || str_equal(value->raw, STR("\"\"")))
            continue;
        if (out->size)
            buf_char(out, ' ');
        if (kind->parts[i].word[0])
            buf_format(out, "%s ", kind->parts[i].word);
        show_value(out, value, arena);
    }
}

static void say(const struct journal_record *record, struct buf *out)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    const struct json *body = json_read(&arena, record->body, NULL, NULL);
    for (size_t i = 0; body && i < COUNT_OF(shown); i++)
        if (str_equal(record->kind, str_of(shown[i].kind))) {
            in_words(out, &shown[i], body, &arena);
            return;
        }
    buf_str(out, record->body);
}

static void show_record(const struct journal_record *record)
{
    char at[40], hex[DIGEST_HEX], kind[32], line[512];
    CLEANUP(buf_done) struct buf words = { 0 };
    say(record, &words);
    printf("%6llu  %s  %-10s %.12s  %s\n", (unsigned long long)record->number,
        clock_rfc3339(at, sizeof at, record->at_ms),
        str_printable(kind, sizeof kind, record->kind, false), hash_hex(hex, &record->digest),
        str_printable(line, sizeof line, buf_view(&words), false));
}

/* One record as one line of JSON: everything that its digest is made of. */
static void print_record(const struct journal_record *record)
{
    char at[40], hex[DIGEST_HEX];
    CLEANUP(buf_done) struct buf out = { 0 };
    buf_format(&out, "{\"number\":%llu,\"at\":\"%s\",\"at_ms\":%llu,\"kind\":",
        (unsigned long long)record->number, clock_rfc3339(at, sizeof at, record->at_ms),
        (unsigned long long)record->at_ms);
    json_quote(&out, record->kind);
    buf_text(&out, ",\"body\":");
    buf_str(&out, record->body);
    buf_format(&out, ",\"before\":\"%s\"", hash_hex(hex, &record->before));
    buf_format(&out, ",\"digest\":\"%s\"}", hash_hex(hex, &record->digest));
    puts(out.at);
}

static void print_checkpoint(const struct journal_checkpoint *checkpoint)
{
    char hex[DIGEST_HEX];
    printf("{\"checkpoint\":%llu,\"head\":\"%s\",\"envelope\":%.*s}\n",
        (unsigned long long)checkpoint->record, hash_hex(hex, &checkpoint->head),
        (int)checkpoint->envelope.size, checkpoint->envelope.at);
}

typedef void (*each_record)(void *with, const struct journal_record *record);

static int walk(struct journal *journal, each_record each, void *with, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    uint64_t after = 0;
    for (uint32_t count = 1; count > 0;) {
        struct journal_record *list;
        arena_reset(&arena);
        int rc = journal_audit(journal, after, &arena, &list, &count, err);
        if (rc < 0)
            return rc;
        for (uint32_t i = 0; i < count; i++)
            each(with, &list[i]);
        after = count ? list[count - 1].number : after;
    }
    return 0;
}

static void on_show(void *with, const struct journal_record *record)
{
    const struct verb_call *call = with;
    (call->json ? print_record : show_record)(record);
}

static int show(
    const struct verb_call *call, struct journal *journal, const struct home *home, struct err *err)
{
    (void)home;
    return walk(journal, on_show, (void *)call, err);
}

/* --- export */

struct exporting {
    const struct journal_checkpoint *checkpoints;
    uint32_t count, next;
};

/* A checkpoint stands behind the record that it is of. */
static void on_export(void *with, const struct journal_record *record)
{
    struct exporting *exporting = with;
    print_record(record);
    while (exporting->next < exporting->count &&
           exporting->checkpoints[exporting->next].record <= record->number)
        print_checkpoint(&exporting->checkpoints[exporting->next++]);
}

/* JSON lines that can be checked without the home: first its id and public key. */
static int export(
    const struct verb_call *call, struct journal *journal, const struct home *home, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct journal_checkpoint *list;
    struct exporting exporting = { 0 };
    struct sign_public key;
    struct digest key_bytes;
    char hex[DIGEST_HEX];
    (void)call;
    int rc = checkpoint_key(home, &key, err);
    if (rc < 0 || (rc = journal_checkpoints(journal, &arena, &list, &exporting.count, err)) < 0)
        return rc;
    exporting.checkpoints = list;
    memcpy(key_bytes.at, key.at, sizeof key_bytes.at);
    printf("{\"home\":\"%s\",\"key\":\"%s\"}\n", home->id, hash_hex(hex, &key_bytes));
    return walk(journal, on_export, &exporting, err);
}

static const struct part {
    const char *name;
    int (*run)(const struct verb_call *call, struct journal *journal, const struct home *home,
        struct err *err);
} parts[] = { { "verify", verify }, { "show", show }, { "export", export } };

static int run(const struct verb_call *call, struct err *err)
{
    const struct option options[] = { { 0 } };
    const char *args[1] = { parts[0].name };
    const struct part *part = NULL;
    struct home home;
    struct journal *journal;
    int rc = verb_options(call, &verb_audit, options, args, 1, err);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        if (strcmp(args[0], parts[i].name) == 0)
            part = &parts[i];
    if (!part)
        return err_set(err, ERR_USAGE, "usage: moult %s", verb_audit.usage);
    if ((rc = cmd_home(&home, call, err)) < 0 ||
        (rc = journal_open(&journal, &home, JOURNAL_VIEW, err)) < 0)
        return rc;
    rc = part->run(call, journal, &home, err);
    journal_close(journal);
    return rc;
}

const struct verb verb_audit = { "audit", run, "audit [verify | show | export]",
    "the hash chain over what was decided" };
