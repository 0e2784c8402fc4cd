/* moult-sandbox - runs, checks and explains sandboxes, and says what works on this machine. */
#include "cli/sandbox.h"

int main(int argc, char **argv)
{
    const struct verb verbs[] = { verb_sandbox, verb_doctor, { 0 } };
    return verb_main("moult-sandbox", verbs, argc, argv);
}
