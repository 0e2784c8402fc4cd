/* moult-trial - detectors, replay, and looks at what happened: rows in, values out. */
#include "trials/cmd.h"

int main(int argc, char **argv)
{
    const struct verb verbs[] = { verb_case, verb_import, verb_mine, verb_replay, verb_sessions,
        verb_trace, verb_flag, verb_failures, verb_prove, verb_backtest, { 0 } };
    return verb_main("moult-trial", verbs, argc, argv);
}
