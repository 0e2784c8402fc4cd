/* retry_after - how long a provider wants to be left alone: seconds, milliseconds, or one of the
 * three forms of a date in RFC 9110, section 5.6.7. See protocol_retry_after. */
#include "base/mem.h"
#include "protocol/protocol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DAY_MS = 24 * 60 * 60 * 1000, FIELD_MAX = 40 };

/* A decimal number; false if it is none. */
static bool read_number(const char *text, double *ret)
{
    if (!*text || strspn(text, "0123456789.") != strlen(text))
        return false;
    char *behind;
    *ret = strtod(text, &behind);
    return *behind == 0;
}

static int month_of(const char *name)
{
    static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug",
        "Sep", "Oct", "Nov", "Dec" };
    for (int i = 0; i < 12; i++)
        if (strcmp(months[i], name) == 0)
            return i;
    return -1;
}

struct date {
    char month[4];
    int day, year, hour, minute, second;
};

static bool read_date(const char *text, struct date *date)
{
    int behind = 0;
    *date = (struct date){ 0 };
    sscanf(text, "%*3[A-Za-z], %2d %3s %4d %2d:%2d:%2d GMT%n", &date->day, date->month, &date->year,
        &date->hour, &date->minute, &date->second, &behind);
    if (behind && !text[behind])
        return true;
    behind = 0;
    sscanf(text, "%*9[A-Za-z], %2d-%3[A-Za-z]-%2d %2d:%2d:%2d GMT%n", &date->day, date->month,
        &date->year, &date->hour, &date->minute, &date->second, &behind);
    if (behind && !text[behind])
        return true;
    behind = 0;
    sscanf(text, "%*3[A-Za-z] %3s %2d %2d:%2d:%2d %4d%n", date->month, &date->day, &date->hour,
        &date->minute, &date->second, &date->year, &behind);
    return behind && !text[behind];
}

/* Seconds since 1970, or -1. */
static int64_t date_seconds(const struct date *date, uint64_t now_s)
{
    time_t now = (time_t)now_s;
    struct tm present, tm = {
        .tm_mday = date->day,
        .tm_mon = month_of(date->month),
        .tm_hour = date->hour,
        .tm_min = date->minute,
        .tm_sec = date->second,
    };
    int year = date->year;
    if (!gmtime_r(&now, &present))
        return -1;
    if (year < 100) {
        /* Two digits that seem more than 50 years ahead are the century before. */
        int this_year = present.tm_year + 1900;
        year += this_year - this_year % 100;
        if (year > this_year + 50)
            year -= 100;
    }
    tm.tm_year = year - 1900;
    bool fits = tm.tm_mon >= 0 && tm.tm_mday >= 1 && tm.tm_mday <= 31 && tm.tm_hour >= 0 &&
                tm.tm_hour <= 23 && tm.tm_min >= 0 && tm.tm_min <= 59 && tm.tm_sec >= 0 &&
                tm.tm_sec <= 60;
    return fits ? (int64_t)timegm(&tm) : -1;
}

static const char *field_text(char out[FIELD_MAX], struct str field)
{
    field = str_trim(field);
    bool usable = field.size > 0 && field.size < FIELD_MAX && !memchr(field.at, 0, field.size);
    snprintf(out, FIELD_MAX, "%.*s", usable ? (int)field.size : 0, usable ? field.at : "");
    return out;
}

static uint32_t bounded(double ms)
{
    return ms >= DAY_MS ? DAY_MS : (uint32_t)ms;
}

uint32_t protocol_retry_after(struct str retry_after, struct str retry_after_ms, uint64_t now_s)
{
    char text[FIELD_MAX];
    double number;
    struct date date;
    if (read_number(field_text(text, retry_after_ms), &number))
        return bounded(number);
    if (read_number(field_text(text, retry_after), &number))
        return bounded(number * 1000);
    if (!read_date(text, &date))
        return 0;
    int64_t at_s = date_seconds(&date, now_s);
    return at_s <= (int64_t)now_s ? 0 : bounded((double)(at_s - (int64_t)now_s) * 1000);
}
