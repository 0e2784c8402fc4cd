/* redact_card - is a number a card's? By who gives it out, how long it is, and its check digit. */
#include "trials/redact_rules.h"

#include "base/mem.h"

/* Who gives out cards, by first digits, and how long their numbers are. */
static const struct issuer {
    unsigned from, to; /* of the first four digits */
    uint8_t least, most;
} issuers[] = {
    { 2221, 2720, 16, 16 }, /* Mastercard */
    { 3000, 3059, 14, 16 }, /* Diners */
    { 3400, 3499, 15, 15 }, /* American Express */
    { 3528, 3589, 16, 19 }, /* JCB */
    { 3600, 3699, 14, 19 }, /* Diners */
    { 3700, 3799, 15, 15 }, /* American Express */
    { 3800, 3999, 14, 19 }, /* Diners */
    { 4000, 4999, 13, 19 }, /* Visa */
    { 5000, 5099, 13, 19 }, /* Maestro */
    { 5100, 5599, 16, 16 }, /* Mastercard */
    { 5600, 5899, 13, 19 }, /* Maestro */
    { 6000, 6999, 13, 19 }, /* Discover, UnionPay, Maestro */
};

static bool luhn(const char *digits, size_t count)
{
    unsigned sum = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned digit = (unsigned)(digits[count - 1 - i] - '0') * (i % 2 + 1);
        sum += digit > 9 ? digit - 9 : digit;
    }
    return sum % 10 == 0;
}

bool redact_card_number(const char *digits, size_t count)
{
    if (count < REDACT_CARD_LEAST || count > REDACT_CARD_MOST)
        return false;
    unsigned head = 0;
    for (size_t i = 0; i < 4; i++)
        head = head * 10 + (unsigned)(digits[i] - '0');
    for (size_t i = 0; i < COUNT_OF(issuers); i++)
        if (head >= issuers[i].from && head <= issuers[i].to)
            return count >= issuers[i].least && count <= issuers[i].most && luhn(digits, count);
    return false;
}
