/* figures - what the active plugins are good for, one row a plugin and model.
 *
 * activation: how often the plugin's hooks did something, of the replies that live turns asked for
 * while its active build stood there. compliance: where it asked something of the model (a denial,
 * another try), whether the next reply did without the same. Both are testimony: a worker says so
 * of itself. benefit: recorded and live conversations put to the harness with the plugin and with
 * one in its place that only passes; a group of conversations is better where a failure is mended
 * with it alone, worse where something is broken with it alone. That is replay of facts and claims.
 */
#pragma once

#include "base/arena.h"
#include "base/hash.h"
#include "base/str.h"

enum { FIGURES_PLUGINS_MAX = 64, FIGURES_MODELS_MAX = 256 };

struct figure {
    struct str plugin, model; /* an alias of the home, or what a recording says of itself */
    uint32_t replies;         /* of live turns, while its build stood there */
    uint32_t fired;           /* of these: its hooks decided, changed or said something */
    uint32_t asked, followed; /* denials and retries with a reply behind them */
    uint32_t steps;         /* replayed ones at which a hook of it is asked, or which it changes */
    uint32_t acted;         /* of these: they come out otherwise without it */
    uint32_t groups;        /* that were replayed */
    uint32_t better, worse; /* of these */
};
enum figure_verdict {
    FIGURE_TOO_LITTLE, /* is known to say anything */
    FIGURE_UNUSED,
    FIGURE_NOT_FOLLOWED,
    FIGURE_USELESS,
    FIGURE_USEFUL,
    FIGURE_VERDICTS
};
extern const char *const figure_verdict_words[FIGURE_VERDICTS];
enum figure_verdict figure_judge(const struct figure *figure);

/* One-sided bounds at 95 % each (stats.h); of the difference: better less worse, of all groups. */
struct figure_bounds {
    double fired_at_most, followed_at_least, followed_at_most;
    double difference, difference_at_least, difference_at_most;
};
void figure_bounds(struct figure_bounds *ret, const struct figure *figure);

/* All rows; texts are in the arena. A zeroed struct is valid and empty. */
struct figures {
    struct arena arena;
    struct str models[FIGURES_MODELS_MAX];
    uint32_t models_count;
    struct str plugins[FIGURES_PLUGINS_MAX];
    struct digest builds[FIGURES_PLUGINS_MAX]; /* the active ones */
    uint32_t plugins_count;
    struct figure *rows; /* [plugin * FIGURES_MODELS_MAX + model] */
    uint64_t sessions, live, sealed, unread;
};
void figures_begin(struct figures *figures); /* its plugins are there */
/* The model's number; what comes behind too many of them is one, "others". */
uint32_t figures_model(struct figures *figures, struct str name);
struct figure *figures_row(struct figures *figures, uint32_t plugin, uint32_t model);
/* With one model at least it is unused, not followed or useless, and with none it is useful: it
 * could be proposed to take it out. */
bool figures_could_go(const struct figures *figures, uint32_t plugin);
void figures_print(struct buf *out, const struct figures *figures, bool json);
void figures_done(struct figures *figures);
