/* leak - finds the calls that a model wrote into its text.
 *
 * A call is an object with a known tool's name and an object under `arguments` or `parameters`, and
 * no tool's definition (whose `parameters` is a schema). It counts as made, not quoted, when it
 * stands on lines of its own: beside it there are only other such calls, separators and markup
 * around them. Markup is what pairs up around a call: a tag with its end tag, a code fence, angle
 * brackets, back-ticks. */
#include "trials/leak.h"

#include "base/mem.h"
#include "trials/scan.h"

#include <ctype.h>
#include <string.h>

enum { TAG_MAX = 64 };

struct view {
    struct str text;
    uint8_t *cut; /* bytes that belong to a call or its markup */
};

static bool definition(const struct json *args)
{
    return json_is(json_get(args, "properties"), JSON_OBJECT);
}

static bool blank_at(const struct view *view, size_t at)
{
    return isspace((unsigned char)view->text.at[at]);
}

/* The tag that ends at `to` ("<name ...>"), or one that begins at `from` ("</name>"): its name. */
static bool open_tag_before(struct str text, size_t to, struct str *ret_name, size_t *ret_from)
{
    if (to == 0 || text.at[to - 1] != '>')
        return false;
    size_t from = to - 1;
    while (from > 0 && to - from < TAG_MAX && text.at[from] != '<' && text.at[from] != '\n')
        from--;
    size_t at = from + 1;
    if (text.at[from] != '<')
        return false;
    while (at < to - 1 && (isalnum((unsigned char)text.at[at]) || strchr("_-:.|", text.at[at])))
        at++;
    *ret_name = (struct str){ text.at + from + 1, at - from - 1 };
    *ret_from = from;
    return ret_name->size > 0;
}

static bool close_tag_at(struct str text, size_t from, struct str name, size_t *ret_to)
{
    struct str rest = { text.at + from, text.size - from };
    if (!str_starts(rest, STR("</")) || rest.size < name.size + 3)
        return false;
    if (memcmp(rest.at + 2, name.at, name.size) != 0 || rest.at[2 + name.size] != '>')
        return false;
    *ret_to = from + name.size + 3;
    return true;
}

/* "```" and a word before, "```" behind. */
static bool fence(struct str text, size_t from, size_t to, size_t *ret_from, size_t *ret_to)
{
    size_t at = from;
    while (at > 0 && isalnum((unsigned char)text.at[at - 1]))
        at--;
    struct str rest = { text.at + to, text.size - to };
    if (at < 3 || memcmp(text.at + at - 3, "```", 3) != 0 || !str_starts(rest, STR("```")))
        return false;
    *ret_from = at - 3;
    *ret_to = to + 3;
    return true;
}

static bool one_pair(struct str text, size_t from, size_t to, size_t *ret_from, size_t *ret_to)
{
    static const char *const pairs[] = { "<>", "``", "**" };
    for (unsigned i = 0; i < COUNT_OF(pairs); i++) {
        if (from == 0 || to >= text.size)
            continue;
        if (text.at[from - 1] != pairs[i][0] || text.at[to] != pairs[i][1])
            continue;
        *ret_from = from - 1;
        *ret_to = to + 1;
        return true;
    }
    return false;
}

/* Takes one layer of markup into [from, to). A tag that the text's end closes counts as closed. */
static bool grow(const struct view *view, size_t *from, size_t *to)
{
    size_t left = *from, right = *to, outer;
    struct str name, text = view->text;
    while (left > 0 && (blank_at(view, left - 1) || view->cut[left - 1]))
        left--;
    while (right < text.size && (blank_at(view, right) || view->cut[right]))
        right++;
    if (open_tag_before(text, left, &name, &outer) &&
        (right == text.size || close_tag_at(text, right, name, &right))) {
        *from = outer;
        *to = right;
        return true;
    }
    return fence(text, left, right, from, to) || one_pair(text, left, right, from, to);
}

static void mark(struct view *view, struct leak_call *call)
{
    size_t from = call->from, to = call->to;
    memset(view->cut + from, 1, to - from);
    while (grow(view, &from, &to))
        memset(view->cut + from, 1, to - from);
}

/* Only blanks and separators stand beside the call on its first and last line. */
static bool stands(const struct view *view, const struct leak_call *call)
{
    static const char separators[] = " \t\r;,";
    for (size_t at = call->from; at > 0 && view->text.at[at - 1] != '\n'; at--)
        if (!view->cut[at - 1] &&
            !memchr(separators, view->text.at[at - 1], sizeof(separators) - 1))
            return false;
    for (size_t at = call->to; at < view->text.size && view->text.at[at] != '\n'; at++)
        if (!view->cut[at] && !memchr(separators, view->text.at[at], sizeof(separators) - 1))
            return false;
    return true;
}

static void add_call(struct leak *leak, const struct run *run, const struct json *object,
    struct str text, struct arena *arena)
{
    struct str name;
    const struct json *args = scan_call(run, object, &name);
    if (!args || definition(args)) {
        leak->others = true;
        return;
    }
    if ((leak->calls_count & (leak->calls_count - 1)) == 0) { /* room doubles at powers of two */
        struct leak_call *grown =
            arena_alloc(arena, (leak->calls_count ? leak->calls_count * 2 : 1) * sizeof(*grown));
        if (leak->calls_count > 0)
            memcpy(grown, leak->calls, leak->calls_count * sizeof(*grown));
        leak->calls = grown;
    }
    size_t from = (size_t)(object->raw.at - text.at);
    leak->calls[leak->calls_count++] = (struct leak_call){
        .name = name, .args = args->raw, .from = from, .to = from + object->raw.size
    };
}

static struct str rest_of(const struct view *view, struct arena *arena)
{
    char *rest = arena_alloc(arena, view->text.size + 1);
    size_t size = 0;
    for (size_t i = 0; i < view->text.size; i++)
        if (!view->cut[i])
            rest[size++] = view->text.at[i];
    return (struct str){ rest, size };
}

void leak_read(struct leak *ret, const struct run *run, struct str text, struct arena *arena)
{
    *ret = (struct leak){ .rest = text, .tagged = scan_has(text, "<tool_call>") };
    if (!run->tools || !memchr(text.size ? text.at : "", '{', text.size))
        return;
    const struct json *object;
    for (struct scan_objects at = { 0 }; (object = scan_object(&at, text, arena));)
        add_call(ret, run, object, text, arena);
    struct view view = { text, arena_alloc(arena, text.size + 1) };
    for (uint32_t i = 0; i < ret->calls_count;
         i++) /* neighbours first, so that a pair can hold several */
        memset(view.cut + ret->calls[i].from, 1, ret->calls[i].to - ret->calls[i].from);
    for (uint32_t i = 0; i < ret->calls_count; i++)
        mark(&view, &ret->calls[i]);
    for (uint32_t i = 0; i < ret->calls_count; i++) {
        ret->calls[i].stands = stands(&view, &ret->calls[i]);
        ret->others |= !ret->calls[i].stands;
    }
    ret->rest = rest_of(&view, arena);
    ret->others |= scan_has(ret->rest, "<tool_call>") || scan_has(ret->rest, "</tool_call>");
}
