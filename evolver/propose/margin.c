/* margin - see margin.h. Distances are relative, as ratios: one more of two is much, one more of
 * twenty little. */
#include "propose/margin.h"

static const double to_speak_of = 1.1; /* a tenth away from both sides */

/* Between which values the thresholds that do as well lie. */
struct gap {
    double low, high;
    bool closed;
};

/* The rows around the prior's that are good without one between them that is not. */
static struct gap gap_of(const struct margin_row *rows, uint32_t count, uint32_t prior, bool below,
    uint32_t *ret_first, uint32_t *ret_last)
{
    uint32_t first = prior, last = prior;
    while (first > 0 && rows[first - 1].good)
        first--;
    while (last + 1 < count && rows[last + 1].good)
        last++;
    *ret_first = first;
    *ret_last = last;
    /* A number that must reach 1 is 0 where it does not: no list need go further down. */
    bool floor = !below && rows[first].value == 1;
    struct gap gap = { .closed = (first > 0 || floor) && last + 1 < count };
    gap.low = below ? (double)rows[first].value : (double)rows[first].value - 1;
    gap.high = below ? (double)rows[last].value + 1 : (double)rows[last].value;
    return gap;
}

/* The lesser of the two ratios around the edge that the threshold draws; 1: it touches a value. */
static double width(const struct gap *gap, int64_t value, bool below)
{
    double edge = (double)value + (below ? 0.5 : -0.5);
    double down = (edge + 1) / (gap->low + 1), up = (gap->high + 1) / (edge + 1);
    return down < up ? down : up;
}

uint32_t margin_widest(const struct margin_row *rows, uint32_t count, uint32_t prior, bool below)
{
    uint32_t first, last, best = prior;
    const struct gap gap = gap_of(rows, count, prior, below, &first, &last);
    if (!gap.closed || last < first + 2) /* of two each touches a side */
        return prior;
    for (uint32_t i = first; i <= last; i++)
        if (width(&gap, rows[i].value, below) > width(&gap, rows[best].value, below))
            best = i;
    return width(&gap, rows[best].value, below) >= to_speak_of ? best : prior;
}
