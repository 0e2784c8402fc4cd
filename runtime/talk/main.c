/* moult-talk - the commands that speak with the running service. They know no more than any client
 * of its socket does: neither the journal nor a key. */
#include "talk/cmd.h"

#include <signal.h>

int main(int argc, char **argv)
{
    const struct verb verbs[] = { verb_status, verb_run, verb_chat, verb_permissions, { 0 } };
    signal(SIGPIPE, SIG_IGN);
    return verb_main("moult-talk", verbs, argc, argv);
}
