/* moult-trial - detectors and replay: rows in, values out. */
#include "trials/cmd.h"

int main(int argc, char **argv)
{
    const struct verb verbs[] = { verb_import, verb_mine, verb_replay, { 0 } };
    return verb_main("moult-trial", verbs, argc, argv);
}
