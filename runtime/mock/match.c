/* match - see match.h. */
#include "mock/match.h"

static bool same(struct str wanted, struct str got)
{
    return !wanted.at || str_equal(wanted, got);
}

static bool holds(struct str wanted, struct str text)
{
    return !wanted.at || str_find(text, wanted) >= 0;
}

static struct str last_text(const struct ask *ask, enum ask_role role)
{
    const struct ask_message *message = ask_last(ask, role);
    return message ? message->text : (struct str){ 0 };
}

static bool any_system(struct str wanted, const struct ask *ask)
{
    bool found = !wanted.at;
    for (uint32_t i = 0; i < ask->messages_count; i++)
        found |= ask->messages[i].role == ASK_SYSTEM && holds(wanted, ask->messages[i].text);
    return found;
}

/* One of the results behind the last words of the assistant. */
static bool any_result(struct str wanted, const struct ask *ask)
{
    if (!wanted.at)
        return true;
    for (uint32_t i = ask->messages_count; i > 0; i--) {
        const struct ask_message *message = &ask->messages[i - 1];
        if (message->role == ASK_ASSISTANT)
            return false;
        if (message->role == ASK_TOOL && holds(wanted, message->text))
            return true;
    }
    return false;
}

static bool any_tool(struct str wanted, const struct ask *ask)
{
    bool found = !wanted.at;
    for (uint32_t i = 0; i < ask->tools_count; i++)
        found |= str_equal(ask->tools[i], wanted);
    return found;
}

static bool headers(const struct script_headers *wanted, const struct ask *ask)
{
    for (uint32_t i = 0; i < wanted->count; i++) {
        const struct script_header *header = &wanted->at[i];
        struct str got = ask_header(ask, header->name);
        bool ok = header->presence == HEADER_ABSENT  ? !got.at
                  : header->presence == HEADER_THERE ? got.at != NULL
                                                     : got.at && str_equal(got, header->value);
        if (!ok)
            return false;
    }
    return true;
}

/* Without the system's: where that one stands differs among the protocols. */
static uint32_t count_messages(const struct ask *ask)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < ask->messages_count; i++)
        count += ask->messages[i].role != ASK_SYSTEM;
    return count;
}

/* count_tokens is asked beside the conversation: only a rule that means it answers. */
static bool kind(const struct script_rule *rule, const struct ask *ask)
{
    if (rule->when.kind)
        return (int)ask->kind == rule->when.kind - 1;
    return (ask->kind == ASK_COUNT_TOKENS) == (rule->count > 0);
}

static bool last_role(const struct script_when *when, const struct ask *ask)
{
    if (!when->last_role)
        return true;
    return ask->messages_count > 0 &&
           (int)ask->messages[ask->messages_count - 1].role == when->last_role - 1;
}

bool match(const struct script_rule *rule, const struct ask *ask)
{
    const struct script_when *when = &rule->when;
    return kind(rule, ask) && same(when->model, ask->model) &&
           (!when->stream || ask->stream == (when->stream == 2)) &&
           same(when->user, last_text(ask, ASK_USER)) &&
           holds(when->user_contains, last_text(ask, ASK_USER)) &&
           any_system(when->system_contains, ask) && any_result(when->result_contains, ask) &&
           last_role(when, ask) && (!when->messages || count_messages(ask) == when->messages - 1) &&
           any_tool(when->tool, ask) && headers(&when->headers, ask);
}

bool match_turn(struct script_rule *rule)
{
    const struct script_when *when = &rule->when;
    uint64_t before = rule->matched++;
    return before >= when->after && (when->times == 0 || before - when->after < when->times - 1);
}
