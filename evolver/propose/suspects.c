/* suspects - see suspects.h. */
#include "propose/suspects.h"

#include "base/mem.h"

#include <string.h>

enum { TOLD_MAX = 3, BLAMED_MAX = 5 };

int suspects_begin(
    struct suspects *ret, struct arena *arena, const struct bundle *bundle, struct err *err)
{
    const struct bundle_plugin *plugins[TARGETS_MAX];
    int count = target_list(plugins, arena, bundle, err), r = count;
    for (int i = 0; i < count; i++) {
        struct suspect *suspect = &ret->at[ret->count];
        *suspect = (struct suspect){ 0 };
        r = target_begin(&suspect->target, arena, bundle->hook, plugins[i], err);
        if (r == 0)
            ret->count++;
    }
    return ret->count > 0 ? 0 : r;
}

void suspects_done(struct suspects *suspects)
{
    for (uint32_t i = 0; suspects && i < suspects->count; i++)
        target_done(&suspects->at[i].target);
}

/* --- what a function is for */

static bool is_hook(const struct suspect *suspect, uint32_t function, bool *ret_ours)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    const struct localise *localise = &suspect->localise;
    struct outline_plugin plugin = outline_plugin(localise->syntax, &localise->functions, &arena);
    bool any = false;
    *ret_ours = false;
    for (uint32_t i = 0; i < plugin.count; i++) {
        if (!plugin.at[i].hook || plugin.at[i].function != &localise->functions.at[function])
            continue;
        any = true;
        *ret_ours |= strcmp(plugin.at[i].hook, suspect->target.hook) == 0;
    }
    return any;
}

bool suspect_reaches(const struct suspect *suspect, uint32_t function)
{
    bool ours;
    return !is_hook(suspect, function, &ours) || ours;
}

/* --- replay */

static int build(struct suspect *suspect, struct judge *judge, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf source = { 0 };
    localise_print(&source, &suspect->localise, HOLES, &arena);
    return judge_build(judge, suspect->target.plugin->name, buf_view(&source), err);
}

/* How many steps of the list each group has. */
static uint32_t *count_groups(
    struct arena *arena, const struct bundle *bundle, const struct steps *steps)
{
    uint32_t *count = arena_alloc(arena, (bundle->groups_count + 1) * sizeof(*count));
    memset(count, 0, (bundle->groups_count + 1) * sizeof(*count));
    for (uint32_t i = 0; i < steps->count; i++)
        count[bundle->steps[steps->at[i]].group]++;
    return count;
}

static int look_at(struct suspect *suspect, struct judge *judge, const struct steps *steps,
    bool failing, struct proposer_verdict *unchanged, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    const struct bundle *bundle = judge->bundle;
    const struct candidate nothing = { .decide = 0 };
    const uint32_t *groups = count_groups(&arena, bundle, steps);
    struct verdicts verdicts;
    int r = judge_ask(judge, &arena, steps, &nothing, 1, true, &verdicts, err);
    for (uint32_t i = 0; r == 0 && i < steps->count; i++) {
        uint32_t place = steps->at[i];
        unchanged[place] = verdicts.at[i];
        localise_add(&suspect->localise, failing, groups[bundle->steps[place].group],
            verdicts.cover[i], place);
    }
    return r;
}

/* The most suspicious mark that the hook reaches. */
static double most_of(const struct suspect *suspect)
{
    for (uint32_t i = 0; i < suspect->localise.count; i++) {
        const struct localise_mark *mark = &suspect->localise.at[suspect->order[i]];
        if (suspect_reaches(suspect, mark->function))
            return mark->suspicion;
    }
    return 0;
}

static int look(struct suspect *suspect, struct arena *arena, struct judge *judge,
    const struct steps *fails, const struct steps *others, struct proposer_verdict *unchanged,
    struct err *err)
{
    localise_begin(&suspect->localise, suspect->target.syntax, arena);
    int r = build(suspect, judge, err);
    if (r == 0)
        r = look_at(suspect, judge, fails, true, unchanged, err);
    if (r == 0)
        r = look_at(suspect, judge, others, false, unchanged, err);
    if (r < 0)
        return r;
    localise_end(&suspect->localise);
    suspect->order = localise_order(&suspect->localise, arena);
    suspect->suspicion = most_of(suspect);
    suspect->marked = true;
    return 0;
}

/* Of equals the first stays the first. */
static void put_in_order(struct suspects *suspects)
{
    for (uint32_t i = 1; i < suspects->count; i++)
        for (uint32_t k = i; k > 0 && suspects->at[k - 1].suspicion < suspects->at[k].suspicion;
             k--) {
            struct suspect swap = suspects->at[k];
            suspects->at[k] = suspects->at[k - 1];
            suspects->at[k - 1] = swap;
        }
}

int suspects_look(struct suspects *suspects, struct arena *arena, struct judge *judge,
    const struct steps *fails, const struct steps *others, struct proposer_verdict *unchanged,
    bool *ret_seen, struct err *err)
{
    for (uint32_t i = 0; i < suspects->count; i++) {
        int r = look(&suspects->at[i], arena, judge, fails, others, unchanged, err);
        if (r == -ERR_INPUT) /* the marked source does not compile */
            continue;
        if (r < 0)
            return r;
        *ret_seen = true;
    }
    put_in_order(suspects);
    return 0;
}

double suspect_most(const struct suspect *suspect, const struct span *at, uint32_t count)
{
    double most = 0;
    for (uint32_t i = 0; suspect->marked && i < count; i++) {
        double rank = localise_rank(&suspect->localise, at[i].from);
        most = rank > most ? rank : most;
    }
    return most;
}

/* --- words */

static struct str name_of(const struct suspect *suspect, const struct localise_mark *mark)
{
    return suspect->localise.functions.at[mark->function].name;
}

static bool listed(const struct str *names, uint32_t count, struct str name)
{
    for (uint32_t i = 0; i < count; i++)
        if (str_equal(names[i], name))
            return true;
    return false;
}

void suspect_blame(struct buf *out, const struct suspect *suspect, const char *patched)
{
    struct str names[BLAMED_MAX + 1];
    uint32_t count = 0;
    for (uint32_t i = 0; suspect->marked && i < suspect->localise.count; i++) {
        const struct localise_mark *mark = &suspect->localise.at[suspect->order[i]];
        if (count < BLAMED_MAX && mark->failed > 0 && suspect_reaches(suspect, mark->function) &&
            !listed(names, count, name_of(suspect, mark)))
            names[count++] = name_of(suspect, mark);
    }
    if (!listed(names, count, str_of(patched)))
        names[count++] = str_of(patched);
    buf_char(out, '[');
    for (uint32_t i = 0; i < count; i++) {
        buf_text(out, i ? "," : "");
        json_quote(out, names[i]);
    }
    buf_char(out, ']');
}

static uint32_t line_of(const struct suspect *suspect, const struct localise_mark *mark)
{
    const struct syntax *syntax = suspect->localise.syntax;
    bool end = mark->point.block && !mark->point.statement;
    return end ? syntax_place(syntax, mark->point.at).line : syntax->nodes[mark->node].place.line;
}

void suspect_tell(const struct suspect *suspect, struct judge *judge)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    uint32_t count = 0;
    uint64_t told[TOLD_MAX];
    for (uint32_t i = 0; suspect->marked && i < suspect->localise.count && count < TOLD_MAX; i++) {
        const struct localise_mark *mark = &suspect->localise.at[suspect->order[i]];
        bool again = false;
        for (uint32_t k = 0; k < count; k++)
            again |= told[k] == mark->digest;
        if (again || mark->failed == 0 || !suspect_reaches(suspect, mark->function))
            continue;
        told[count] = mark->digest;
        struct str name = name_of(suspect, mark);
        buf_format(&text, "%s line %u %s%.*s %.2f", count++ ? "," : "", line_of(suspect, mark),
            mark->point.block ? "" : "passed by in ", (int)name.size, name.at, mark->suspicion);
    }
    if (count > 0)
        judge_say(judge, "suspicious in %.*s:%.*s", (int)suspect->target.plugin->name.size,
            suspect->target.plugin->name.at, (int)text.size, text.at);
}
