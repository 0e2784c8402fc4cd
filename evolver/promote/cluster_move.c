/* cluster_move - see cluster_move.h. */
#include "promote/cluster_move.h"

#include "base/names.h"

int cluster_move(
    struct driver *driver, struct journal_cluster *row, enum cluster_event event, struct err *err)
{
    int from = NAME_FIND(cluster_state_words, row->state);
    if (from < 0)
        return err_set(err, ERR_STATE, "a cluster in a state that is not known");
    int to = cluster_next((enum cluster_state)from, event, err);
    if (to < 0)
        return to;
    struct journal_cluster next = *row;
    next.state = str_of(cluster_state_words[to]);
    int rc = journal_move_cluster(driver->journal, &next, cluster_state_words[from], err);
    if (rc >= 0)
        row->state = next.state;
    return rc;
}
