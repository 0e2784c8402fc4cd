/* tables - the case format as data. docs/reference/case.md and docs/schemas/case.schema.json say
 * the same; a test holds the three together. */
#include "trials/case/tables.h"

#include "base/mem.h"
#include "trials/case/case.h"

#include "sdk/moult.h"

#include <stddef.h>

enum {
    WORD_MAX = 200,
    FILE_PATH_MAX = 400,
    TAGS_MAX = 32,
    LIST_MAX = 256,
    NAMED_MAX = 64, /* each is held against each of another grader */
    FILES_MAX = 256,
    ARGV_MAX = 64,
    HOUR_MS = 3600000,
    MEMORY_MB_MAX = 65536,
    TIMES_MAX = 1000000,
};

const char *const case_from_words[3] = {
    [CASE_FROM_FILE] = "file",
    [CASE_FROM_TRACE] = "trace",
    [CASE_FROM_VARIANT] = "variant",
};
const char *const case_divergence_words[3] = {
    [CASE_INCONCLUSIVE] = "inconclusive",
    [CASE_FAIL] = "fail",
    [CASE_GO_ON] = "go_on",
};
const char *const case_mode_words[3] = {
    [CASE_EITHER] = "either",
    [CASE_STEP] = "step",
    [CASE_EPISODE] = "episode",
};
const char *const case_check_words[CASE_CHECKS] = {
    [CASE_CALLS] = "calls",
    [CASE_ORDER] = "order",
    [CASE_TEXT] = "text",
    [CASE_ENDS] = "ends",
    [CASE_STATE] = "state",
    [CASE_WORKSPACE] = "workspace",
    [CASE_DETECTOR] = "detector",
    [CASE_SAME] = "same",
    [CASE_COMMAND] = "command",
    [CASE_JUDGE] = "judge",
    [CASE_SECRET] = "secret",
    [CASE_FORBIDDEN] = "forbidden",
    [CASE_REPLY] = "reply",
    [CASE_MONEY] = "money",
};
const char *const case_want_words[3] = {
    [CASE_WANT_RESOLVED] = "resolved",
    [CASE_WANT_GONE] = "gone",
    [CASE_WANT_PRESENT] = "present",
};
const char *const case_end_words[CASE_ENDS_COUNT] = {
    [CASE_END_ANSWERED] = "answered",
    [CASE_END_REFUSED] = "refused",
    [CASE_END_FAILED] = "failed",
    [CASE_END_LIMIT] = "limit",
    [CASE_END_HANDED] = "handed",
};
const char *const case_fault_words[CASE_FAULT_KINDS] = {
    [CASE_RATE_LIMIT] = "rate_limit",
    [CASE_OVERLOADED] = "overloaded",
    [CASE_TIMEOUT] = "timeout",
    [CASE_CONNECTION] = "connection",
    [CASE_CUT] = "cut",
    [CASE_SERVER] = "server",
    [CASE_MALFORMED] = "malformed",
    [CASE_TOO_LONG] = "too_long",
    [CASE_KILL] = "kill",
    [CASE_TOOL_TIMEOUT] = "tool_timeout",
    [CASE_OVERSIZE] = "oversize",
    [CASE_BINARY] = "binary",
};
const struct case_fault_row case_fault_rows[CASE_FAULT_KINDS] = {
    [CASE_RATE_LIMIT] = { .class = MOULT_RATE_LIMIT, .status = 429, .told = true },
    [CASE_OVERLOADED] = { .class = MOULT_OVERLOADED, .status = 529, .told = true },
    [CASE_TIMEOUT] = { .class = MOULT_TIMEOUT },
    [CASE_CONNECTION] = { .class = MOULT_CONNECTION },
    [CASE_CUT] = { .class = MOULT_CONNECTION, .status = 200 },
    [CASE_SERVER] = { .class = MOULT_SERVER, .status = 500 },
    [CASE_MALFORMED] = { .class = MOULT_MALFORMED, .status = 200 },
    [CASE_TOO_LONG] = { .class = MOULT_TOO_LONG, .status = 413 },
    [CASE_TOOL_TIMEOUT] = { .tool = true },
    [CASE_OVERSIZE] = { .tool = true, .sized = true },
    [CASE_BINARY] = { .tool = true, .sized = true },
};

// clang-format off
#define NUMBER_MAX 1000000000
#define AT(type, member) #member, .offset = offsetof(struct type, member)
#define COUNTED(type, member) AT(type, member), .count = offsetof(struct type, member##_count)
#define WORDS(list) .words = (list), .words_count = COUNT_OF(list)
#define OF(name, type) .table = (name), .size = sizeof(struct type)
#define FLAG(type, member) { AT(type, member), .kind = PART_FLAG }
#define TEXT(type, member, most) { AT(type, member), .kind = PART_TEXT, .max = (most) }
#define NAME(type, member) { AT(type, member), .kind = PART_TEXT, .max = WORD_MAX, .needed = true }
#define NUMBER(type, member, least, most) { AT(type, member), .kind = PART_NUMBER, .min = (least), .max = (most) }
#define NUMBER_OR(type, member, most, other) { AT(type, member), .kind = PART_NUMBER, .max = (most), .usual = (other) }
#define REAL(type, member, least, most, other) { AT(type, member), .kind = PART_REAL, .min = (least), .max = (most), .usual = (other) }
#define TEXTS(type, member, most) { COUNTED(type, member), .kind = PART_TEXTS, .max = (most) }
#define ANY(type, member) { AT(type, member), .kind = PART_ANY }
#define OBJECT(type, member) { AT(type, member), .kind = PART_OBJECT }
#define END { 0 }

static const struct part origin_parts[] = {
    { AT(case_origin, from), .kind = PART_WORD, WORDS(case_from_words) },
    TEXT(case_origin, session, WORD_MAX),
    NUMBER_OR(case_origin, step, NUMBER_MAX, UINT32_MAX),
    TEXT(case_origin, group, WORD_MAX),
    TEXT(case_origin, format, WORD_MAX),
    TEXT(case_origin, parent, WORD_MAX),
    NUMBER(case_origin, variant, 0, NUMBER_MAX),
    FLAG(case_origin, claims),
    END,
};
static const struct part limits_parts[] = {
    NUMBER(case_limits, steps, 0, NUMBER_MAX),
    NUMBER(case_limits, calls, 0, NUMBER_MAX),
    NUMBER(case_limits, wall_s, 0, HOUR_MS / 1000),
    NUMBER(case_limits, tokens, 0, NUMBER_MAX),
    REAL(case_limits, usd, 0, 1e6, 0),
    END,
};
static const struct part settings_parts[] = {
    { COUNTED(case_settings, offered), .kind = PART_TEXTS, .max = CASE_TOOLS_MAX, .said = true },
    TEXTS(case_settings, models, LIST_MAX),
    { AT(case_settings, limits), .kind = PART_ONE, OF(limits_parts, case_limits) },
    { AT(case_settings, divergence), .kind = PART_WORD, WORDS(case_divergence_words) },
    { AT(case_settings, mode), .kind = PART_WORD, WORDS(case_mode_words) },
    END,
};
static const struct part plugin_parts[] = {
    NAME(case_plugin, name),
    NUMBER(case_plugin, schema, 0, NUMBER_MAX),
    TEXT(case_plugin, bytes, CASE_TEXT_MAX),
    END,
};
static const struct part file_parts[] = {
    { AT(case_file, path), .kind = PART_TEXT, .max = FILE_PATH_MAX, .needed = true },
    TEXT(case_file, text, CASE_TEXT_MAX),
    END,
};
static const struct part state_parts[] = {
    { COUNTED(case_state, messages), .kind = PART_OBJECTS, .max = CASE_MESSAGES_MAX },
    { COUNTED(case_state, failed), .kind = PART_NUMBERS, .max = CASE_MESSAGES_MAX },
    { COUNTED(case_state, plugins), .kind = PART_LIST, .max = LIST_MAX, OF(plugin_parts, case_plugin) },
    OBJECT(case_state, world),
    { COUNTED(case_state, files), .kind = PART_LIST, .max = FILES_MAX, OF(file_parts, case_file) },
    END,
};
static const struct part rule_parts[] = {
    OBJECT(case_rule, arguments),
    FLAG(case_rule, exact),
    OBJECT(case_rule, world),
    NUMBER(case_rule, after, 0, TIMES_MAX),
    NUMBER_OR(case_rule, times, TIMES_MAX, UINT32_MAX),
    ANY(case_rule, result),
    FLAG(case_rule, failed),
    OBJECT(case_rule, set),
    TEXT(case_rule, as, WORD_MAX),
    END,
};
static const struct part command_parts[] = {
    { COUNTED(case_command, argv), .kind = PART_TEXTS, .max = ARGV_MAX, .needed = true },
    FLAG(case_command, once),
    FLAG(case_command, steady),
    NUMBER(case_command, wall_ms, 0, HOUR_MS),
    NUMBER(case_command, memory_mb, 0, MEMORY_MB_MAX),
    END,
};
static const struct part tool_parts[] = {
    { AT(case_tool, schema), .kind = PART_OBJECT, .needed = true },
    FLAG(case_tool, recorded),
    { COUNTED(case_tool, script), .kind = PART_LIST, .max = CASE_RULES_MAX, OF(rule_parts, case_rule), .said = true },
    { AT(case_tool, command), .kind = PART_ONE, OF(command_parts, case_command) },
    END,
};
static const struct part recorded_parts[] = {
    NUMBER_OR(case_recorded, inbox, CASE_MESSAGES_MAX, UINT32_MAX),
    OBJECT(case_recorded, message),
    OBJECT(case_recorded, said),
    FLAG(case_recorded, failed),
    END,
};
static const struct part live_parts[] = {
    NAME(case_live, model),
    { AT(case_live, repeats), .kind = PART_NUMBER, .min = 1, .max = CASE_REPEATS_MAX, .usual = 1 },
    REAL(case_live, temperature, 0, 2, -1),
    REAL(case_live, usd, 0, 1e6, 0),
    END,
};
static const struct part model_parts[] = {
    { COUNTED(case_model, recorded), .kind = PART_LIST, .max = CASE_MESSAGES_MAX, OF(recorded_parts, case_recorded) },
    FLAG(case_model, solved),
    OBJECT(case_model, script),
    { AT(case_model, live), .kind = PART_ONE, OF(live_parts, case_live) },
    END,
};
static const struct part fault_parts[] = {
    { AT(case_fault, kind), .kind = PART_WORD, WORDS(case_fault_words), .needed = true },
    NUMBER_OR(case_fault, step, NUMBER_MAX, UINT32_MAX),
    NUMBER_OR(case_fault, call, NUMBER_MAX, UINT32_MAX),
    { AT(case_fault, times), .kind = PART_NUMBER, .min = 1, .max = 64, .usual = 1 },
    NUMBER(case_fault, retry_after_ms, 0, HOUR_MS),
    NUMBER(case_fault, bytes, 0, 64 << 20),
    END,
};
const struct part case_grade_parts[] = {
    { AT(case_grade, check), .kind = PART_WORD, WORDS(case_check_words), .needed = true },
    TEXT(case_grade, tool, WORD_MAX),
    OBJECT(case_grade, arguments),
    NUMBER_OR(case_grade, min, NUMBER_MAX, UINT32_MAX),
    NUMBER_OR(case_grade, max, NUMBER_MAX, UINT32_MAX),
    FLAG(case_grade, carried),
    TEXTS(case_grade, tools, NAMED_MAX),
    TEXTS(case_grade, has, NAMED_MAX),
    TEXTS(case_grade, lacks, NAMED_MAX),
    TEXTS(case_grade, ends, CASE_ENDS_COUNT),
    TEXT(case_grade, path, FILE_PATH_MAX),
    ANY(case_grade, equals),
    FLAG(case_grade, absent),
    FLAG(case_grade, loose),
    TEXT(case_grade, digest, 64),
    TEXT(case_grade, detector, WORD_MAX),
    { AT(case_grade, want), .kind = PART_WORD, WORDS(case_want_words) },
    { AT(case_grade, command), .kind = PART_ONE, OF(command_parts, case_command) },
    TEXT(case_grade, rubric, CASE_TEXT_MAX),
    TEXT(case_grade, model, WORD_MAX),
    { AT(case_grade, votes), .kind = PART_NUMBER, .min = 1, .max = CASE_VOTES_MAX, .usual = 1 },
    TEXTS(case_grade, values, NAMED_MAX),
    TEXT(case_grade, address, WORD_MAX),
    REAL(case_grade, usd, 0, 1e6, -1),
    END,
};
const struct part case_parts[] = {
    { "moult_case", PART_NUMBER, offsetof(struct trial_case, version), .min = 1, .max = 1, .needed = true },
    { AT(trial_case, id), .kind = PART_TEXT, .max = CASE_ID_MAX, .needed = true },
    { AT(trial_case, origin), .kind = PART_ONE, OF(origin_parts, case_origin) },
    TEXTS(trial_case, tags, TAGS_MAX),
    { AT(trial_case, settings), .kind = PART_ONE, OF(settings_parts, case_settings) },
    { AT(trial_case, state), .kind = PART_ONE, OF(state_parts, case_state) },
    { COUNTED(trial_case, inbox), .kind = PART_OBJECTS, .max = CASE_MESSAGES_MAX },
    { COUNTED(trial_case, tools), .kind = PART_LIST, .max = CASE_TOOLS_MAX, OF(tool_parts, case_tool) },
    { AT(trial_case, model), .kind = PART_ONE, OF(model_parts, case_model) },
    { COUNTED(trial_case, faults), .kind = PART_LIST, .max = CASE_FAULTS_MAX, OF(fault_parts, case_fault) },
    { "grade", PART_LIST, offsetof(struct trial_case, grades), .count = offsetof(struct trial_case, grades_count), .max = CASE_GRADES_MAX, OF(case_grade_parts, case_grade) },
    END,
};
// clang-format on
