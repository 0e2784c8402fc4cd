/* speak - see speak.h. It is no translation, and needs to be none: the words below are a closed
 * class, none of them names a thing, and a run is the same without any of them. */
#include "trials/case/speak.h"

#include "base/mem.h"
#include "trials/vary.h"

#include <string.h>

// clang-format off
static const struct word {
    const char *english, *other[RUN_LANGUAGES];
} words[] = { /* in their order */
    { "a",       { "ein",     "un" } },
    { "about",   { "über",    "sobre" } },
    { "all",     { "alle",    "todos" } },
    { "also",    { "auch",    "también" } },
    { "am",      { "bin",     "soy" } },
    { "an",      { "ein",     "un" } },
    { "and",     { "und",     "y" } },
    { "any",     { "irgendein", "cualquier" } },
    { "are",     { "sind",    "son" } },
    { "but",     { "aber",    "pero" } },
    { "can",     { "kann",    "puede" } },
    { "could",   { "könnte",  "podría" } },
    { "do",      { "tun",     "hacer" } },
    { "for",     { "für",     "para" } },
    { "from",    { "von",     "desde" } },
    { "have",    { "habe",    "tengo" } },
    { "hello",   { "hallo",   "hola" } },
    { "hi",      { "hallo",   "hola" } },
    { "how",     { "wie",     "cómo" } },
    { "i",       { "ich",     "yo" } },
    { "if",      { "wenn",    "si" } },
    { "in",      { "in",      "en" } },
    { "is",      { "ist",     "es" } },
    { "it",      { "es",      "lo" } },
    { "my",      { "mein",    "mi" } },
    { "no",      { "nein",    "no" } },
    { "not",     { "nicht",   "no" } },
    { "of",      { "von",     "de" } },
    { "on",      { "auf",     "sobre" } },
    { "or",      { "oder",    "o" } },
    { "please",  { "bitte",   "por favor" } },
    { "thank",   { "danke",   "gracias" } },
    { "thanks",  { "danke",   "gracias" } },
    { "that",    { "dass",    "que" } },
    { "the",     { "das",     "el" } },
    { "this",    { "dies",    "esto" } },
    { "to",      { "zu",      "a" } },
    { "want",    { "möchte",  "quiero" } },
    { "was",     { "war",     "fue" } },
    { "what",    { "was",     "qué" } },
    { "with",    { "mit",     "con" } },
    { "would",   { "würde",   "quisiera" } },
    { "yes",     { "ja",      "sí" } },
    { "you",     { "Sie",     "usted" } },
    { "your",    { "Ihr",     "su" } },
};
// clang-format on

struct speaking {
    enum run_language language;
    bool changed;
};

static const char *word_of(struct str english, enum run_language language)
{
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (strlen(words[i].english) == english.size &&
            strncasecmp(words[i].english, english.at, english.size) == 0)
            return words[i].other[language];
    return NULL;
}

static void put_word(void *with, struct buf *out, struct str word)
{
    struct speaking *speaking = with;
    const char *other = word_of(word, speaking->language);
    if (other)
        buf_text(out, other);
    else
        buf_str(out, word);
    speaking->changed |= other != NULL;
}

/* Parts of a message may be pictures. */
static bool is_spoken(const struct run_message *message)
{
    return message->role == RUN_USER && !memchr(message->bytes.at, '[', message->bytes.size);
}

static struct str spoken(struct speaking *speaking, struct str text, struct arena *arena)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    vary_words(&out, text, put_word, speaking);
    return (struct str){ arena_string(arena, out.at ? out.at : "", out.size), out.size };
}

int run_speak(struct run **ret, const struct run *run, enum run_language language,
    struct arena *arena, struct err *err)
{
    struct speaking speaking = { language, false };
    struct run *made = run_like(run, arena);
    *ret = NULL;
    for (uint32_t i = 0; i < run->messages_count; i++) {
        const struct run_message *message = &run->messages[i];
        struct str bytes =
            is_spoken(message) ? spoken(&speaking, message->bytes, arena) : message->bytes;
        int rc = run_add(made, bytes, message->failed, err);
        if (rc < 0)
            return rc;
        made->messages[i].own = message->own;
    }
    run_seal(made);
    *ret = speaking.changed ? made : NULL;
    return 0;
}
