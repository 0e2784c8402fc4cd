/* prompts - see prompts.h. */
#include "propose/prompts.h"

#include "base/mem.h"

struct digest prompts_digest(void)
{
    CLEANUP(buf_done) struct buf all = { 0 };
    buf_add(&all, llm_task, llm_task_size);
    buf_char(&all, '\0');
    buf_add(&all, llm_tools, llm_tools_size);
    return hash_of(buf_view(&all));
}
