/* trip - see trip.h. */
#include "trials/trip.h"

#include <math.h>

#define LEVEL .05

static const double rates[TRIP_RATES] = { 2, 4, 8, 16 };

void trip_begin(struct trip *ret, double f)
{
    *ret = (struct trip){ .f = f };
}

/* The logs are summed by their largest, which may be far out of what exp can hold. */
double trip_log_worth(const struct trip *trip)
{
    double most = trip->log_stake[0], sum = 0;
    for (int i = 1; i < TRIP_RATES; i++)
        most = trip->log_stake[i] > most ? trip->log_stake[i] : most;
    for (int i = 0; i < TRIP_RATES; i++)
        sum += exp(trip->log_stake[i] - most);
    return most + log(sum / TRIP_RATES);
}

bool trip_vote(struct trip *trip, bool in_new)
{
    double f = trip->f;
    trip->votes++;
    trip->new_votes += in_new;
    if (!(f > 0 && f < 1))
        return trip->tripped;
    for (int i = 0; i < TRIP_RATES; i++) {
        double q = f * rates[i] / (f * rates[i] + 1 - f);
        trip->log_stake[i] += in_new ? log(q / f) : log((1 - q) / (1 - f));
    }
    trip->tripped |= trip_log_worth(trip) >= -log(LEVEL);
    return trip->tripped;
}

double trip_clean_bound(uint32_t units)
{
    return units ? 1 - pow(LEVEL, 1.0 / units) : 1;
}

uint32_t trip_clean_units(double m)
{
    uint32_t units = (uint32_t)ceil(log(LEVEL) / log1p(-m));
    while (units > 1 && trip_clean_bound(units - 1) <= m)
        units--;
    while (trip_clean_bound(units) > m)
        units++;
    return units;
}
