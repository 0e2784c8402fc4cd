/* toolbox_contacts - see toolbox_contacts.h. Looked at rather than told of: a proxy's threads have
 * no business on the loop. */
#include "broker/toolbox_contacts.h"

static void tell(struct run *run, const struct sandbox_contact *contacts, unsigned count)
{
    for (; run->box && run->contacts_told < count; run->contacts_told++) {
        const struct box_plan *plan = &run->box->plan;
        plan->on_contact(plan->with, plan->number, &contacts[run->contacts_told]);
    }
}

void contacts_tell(struct run *run)
{
    struct sandbox_contact contacts[SANDBOX_CONTACTS_MAX];
    if (run->sandbox)
        tell(run, contacts, sandbox_contacts(run->sandbox, contacts));
}

void contacts_tell_last(struct run *run, const struct sandbox_result *result)
{
    tell(run, result->contacts, result->contacts_count);
}
