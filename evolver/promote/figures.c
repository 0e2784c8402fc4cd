/* figures - see figures.h. */
#include "promote/figures.h"

#include "base/json.h"
#include "base/mem.h"
#include "trials/stats.h"

#include <stdio.h>
#include <stdlib.h>

/* Fewer say nothing; below EVEN a model does not do what it is told more often than it does. */
enum { REPLIES_MIN = 20, ASKED_MIN = 5, GROUPS_MIN = 5, NEXT_MAX = 160 };
#define LEVEL .05
#define EVEN .5

const char *const figure_verdict_words[FIGURE_VERDICTS] = {
    [FIGURE_TOO_LITTLE] = "too little is known",
    [FIGURE_UNUSED] = "unused",
    [FIGURE_NOT_FOLLOWED] = "not followed",
    [FIGURE_USELESS] = "useless",
    [FIGURE_USEFUL] = "useful",
};

static bool never_fires(const struct figure *figure)
{
    return figure->fired == 0 && figure->better + figure->worse == 0 &&
           figure->replies + figure->groups >= REPLIES_MIN;
}

/* It acts, and nothing is better for it, or as much is worse. */
static bool no_good(const struct figure *figure)
{
    bool acts = figure->fired >= GROUPS_MIN || figure->worse > 0;
    return acts && figure->groups >= GROUPS_MIN && figure->better <= figure->worse;
}

enum figure_verdict figure_judge(const struct figure *figure)
{
    uint32_t changed = figure->better + figure->worse;
    if (figure->asked >= ASKED_MIN && stats_upper(figure->followed, figure->asked, LEVEL) < EVEN)
        return FIGURE_NOT_FOLLOWED;
    if (changed > 0 && stats_lower(figure->better, changed, LEVEL) > EVEN)
        return FIGURE_USEFUL;
    if (never_fires(figure))
        return FIGURE_UNUSED;
    return no_good(figure) ? FIGURE_USELESS : FIGURE_TOO_LITTLE;
}

/* Each end of the difference rests on two bounds, so each of these has half of the chance. */
void figure_bounds(struct figure_bounds *ret, const struct figure *f)
{
    double half = LEVEL / 2, groups = f->groups ? f->groups : 1;
    *ret = (struct figure_bounds){
        .fired_at_most = stats_upper(f->fired, f->replies, LEVEL),
        .followed_at_least = stats_lower(f->followed, f->asked, LEVEL),
        .followed_at_most = stats_upper(f->followed, f->asked, LEVEL),
        .difference = ((double)f->better - (double)f->worse) / groups,
        .difference_at_least =
            stats_lower(f->better, f->groups, half) - stats_upper(f->worse, f->groups, half),
        .difference_at_most =
            stats_upper(f->better, f->groups, half) - stats_lower(f->worse, f->groups, half),
    };
}

void figures_begin(struct figures *figures)
{
    figures->rows =
        mem_zero((size_t)FIGURES_PLUGINS_MAX * FIGURES_MODELS_MAX, sizeof *figures->rows);
}

uint32_t figures_model(struct figures *figures, struct str name)
{
    struct str others = STR("others");
    uint32_t i = 0;
    while (i < figures->models_count && !str_equal(figures->models[i], name))
        i++;
    if (i < figures->models_count || i == FIGURES_MODELS_MAX)
        return i < figures->models_count ? i : FIGURES_MODELS_MAX - 1;
    bool last = i == FIGURES_MODELS_MAX - 1;
    figures->models[figures->models_count++] =
        last ? others
             : (struct str){ arena_string(&figures->arena, name.size ? name.at : "", name.size),
                   name.size };
    return i;
}

struct figure *figures_row(struct figures *figures, uint32_t plugin, uint32_t model)
{
    struct figure *row = &figures->rows[(size_t)plugin * FIGURES_MODELS_MAX + model];
    row->plugin = figures->plugins[plugin];
    row->model = figures->models[model];
    return row;
}

static bool is_row(const struct figure *f)
{
    return f->replies + f->fired + f->groups > 0;
}

bool figures_could_go(const struct figures *figures, uint32_t plugin)
{
    bool idle = false;
    for (uint32_t i = 0; i < figures->models_count; i++) {
        const struct figure *f = &figures->rows[(size_t)plugin * FIGURES_MODELS_MAX + i];
        const enum figure_verdict verdict = is_row(f) ? figure_judge(f) : FIGURE_TOO_LITTLE;
        if (verdict == FIGURE_USEFUL)
            return false;
        idle |= verdict != FIGURE_TOO_LITTLE;
    }
    return idle;
}

/* --- telling */

/* What proposes to take it out; empty: nobody would. */
static char *next_step(char *out, size_t size, const struct figures *figures, uint32_t plugin)
{
    char name[80];
    snprintf(out, size, "moult propose --retire %s --why TEXT",
        str_printable(name, sizeof name, figures->plugins[plugin], false));
    if (!figures_could_go(figures, plugin))
        *out = 0;
    return out;
}

static void print_json(struct buf *out, const struct figure *f, const char *next)
{
    struct figure_bounds bounds;
    figure_bounds(&bounds, f);
    buf_text(out, "{\"plugin\":");
    json_quote(out, f->plugin);
    buf_text(out, ",\"model\":");
    json_quote(out, f->model);
    buf_format(out,
        ",\"replies\":%u,\"fired\":%u,\"fired_at_most\":%.4f,\"asked\":%u,\"followed\":%u,"
        "\"followed_at_least\":%.4f,\"followed_at_most\":%.4f,\"steps\":%u,"
        "\"acted\":%u,\"groups\":%u,\"better\":%u,"
        "\"worse\":%u,\"difference\":%.4f,\"difference_at_least\":%.4f,\"difference_at_most\":%.4f,"
        "\"verdict\":\"%s\",\"next\":",
        f->replies, f->fired, bounds.fired_at_most, f->asked, f->followed, bounds.followed_at_least,
        bounds.followed_at_most, f->steps, f->acted, f->groups, f->better, f->worse,
        bounds.difference, bounds.difference_at_least, bounds.difference_at_most,
        figure_verdict_words[figure_judge(f)]);
    if (*next)
        json_quote(out, str_of(next));
    else
        buf_text(out, "null");
    buf_char(out, '}');
}

static void print_text(struct buf *out, const struct figure *f)
{
    char plugin[80], model[80];
    struct figure_bounds bounds;
    figure_bounds(&bounds, f);
    buf_format(out,
        "%-16s %-30s %6u of %-7u %6u of %-7u %5u of %-5u %4u, %3u of %-5u %+5.1f %% (%+.1f to "
        "%+.1f)  %s\n",
        str_printable(plugin, sizeof plugin, f->plugin, false),
        str_printable(model, sizeof model, f->model, false), f->fired, f->replies, f->acted,
        f->steps, f->followed, f->asked, f->better, f->worse, f->groups, bounds.difference * 100,
        bounds.difference_at_least * 100, bounds.difference_at_most * 100,
        figure_verdict_words[figure_judge(f)]);
}

static void print_rows(struct buf *out, const struct figures *figures)
{
    const char *between = "";
    char next[NEXT_MAX];
    for (size_t i = 0; i < (size_t)FIGURES_PLUGINS_MAX * FIGURES_MODELS_MAX; i++) {
        if (!is_row(&figures->rows[i]))
            continue;
        buf_text(out, between);
        next_step(next, sizeof next, figures, (uint32_t)(i / FIGURES_MODELS_MAX));
        print_json(out, &figures->rows[i], next);
        between = ",";
    }
}

/* Models with which a plugin does nothing are one line. */
static void print_plugin(struct buf *out, const struct figures *figures, uint32_t plugin)
{
    uint32_t idle = 0, unused = 0, groups = 0, replies = 0;
    char name[80], next[NEXT_MAX];
    for (uint32_t i = 0; i < figures->models_count; i++) {
        const struct figure *f = &figures->rows[(size_t)plugin * FIGURES_MODELS_MAX + i];
        if (f->fired + f->better + f->worse > 0) {
            print_text(out, f);
        } else if (is_row(f)) {
            idle++;
            unused += figure_judge(f) == FIGURE_UNUSED;
            groups += f->groups;
            replies += f->replies;
        }
    }
    if (idle > 0)
        buf_format(out,
            "%-16s did nothing with %u models (%u replies, %u groups replayed): unused with %u\n",
            str_printable(name, sizeof name, figures->plugins[plugin], false), idle, replies,
            groups, unused);
    if (*next_step(next, sizeof next, figures, plugin))
        buf_format(out, "%-16s it could go: %s\n", "", next);
}

void figures_print(struct buf *out, const struct figures *figures, bool json)
{
    buf_text(out, json ? "{\"rests_on\":\"testimony\",\"figures\":["
                       : "plugin           model                           fired of replies  "
                         "  acted of steps  "
                         "followed of asked  better, worse of groups: difference (95 %)\n");
    if (json)
        print_rows(out, figures);
    for (uint32_t i = 0; !json && i < figures->plugins_count; i++)
        print_plugin(out, figures, i);
    buf_format(out,
        json ? "],\"totals\":{\"sessions\":%llu,\"live\":%llu,\"sealed\":%llu,\"unread\":%llu}}\n"
             : "\n%llu conversations, %llu of them live; %llu sealed ones left out, %llu not read. "
               "What fired and what was followed is what workers say of themselves: testimony.\n",
        (unsigned long long)figures->sessions, (unsigned long long)figures->live,
        (unsigned long long)figures->sealed, (unsigned long long)figures->unread);
}

void figures_done(struct figures *figures)
{
    mem_freep(&figures->rows);
    arena_done(&figures->arena);
}
