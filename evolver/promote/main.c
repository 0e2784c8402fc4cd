/* moult-evolve - the driver: the only writer of stages, git refs and admissions. */
#include "promote/cmd.h"

int main(int argc, char **argv)
{
    const struct verb verbs[] = { verb_init, verb_trust, verb_reviewer, verb_build, verb_check,
        verb_evolve, verb_propose, verb_candidates, verb_show, verb_review, verb_approve,
        verb_reject, verb_report, verb_promote, verb_rollback, verb_freeze, verb_thaw, verb_mandate,
        verb_shadow, verb_log, verb_plugins, verb_blame, verb_rebuild, verb_audit, verb_case_retire,
        verb_proposers, { 0 } };
    return verb_main("moult-evolve", verbs, argc, argv);
}
