/* Any bytes as a proposal: refused, or edits that stand in order and that a source takes or does
 * not, without a byte of it lost between them. */
#include "promote/proposal.h"

#include "base/mem.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char source[] = "static int answer(void)\n{\n    return 42;\n}\n";

static size_t size_with(const struct proposal *proposal, size_t size)
{
    for (uint32_t i = 0; i < proposal->edits_count; i++)
        size += proposal->edits[i].text.size - (proposal->edits[i].to - proposal->edits[i].from);
    return size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf out = { 0 };
    struct proposal proposal;
    if (proposal_read(&proposal, (struct str){ (const char *)data, size }, &arena, NULL) < 0)
        return 0;
    assert(proposal.edits_count > 0 && proposal.edits_count <= PROPOSAL_EDITS_MAX);
    if (proposal_apply(&out, &proposal, str_of(source), NULL) == 0)
        assert(out.size == size_with(&proposal, sizeof(source) - 1));
    return 0;
}
