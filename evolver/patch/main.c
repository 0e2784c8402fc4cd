/* moult-patch - checks one source, or a patch of one, and says what it changes.
 *
 * A program of its own because it parses hostile C: it runs in the compile sandbox, reads one
 * question and writes one answer (answer.h). A proposer never checks itself. */
#include "patch/answer.h"

#include "base/fd.h"
#include "base/mem.h"

#include <stdio.h>
#include <unistd.h>

int main(void)
{
    CLEANUP(buf_done) struct buf question = { 0 }, answer = { 0 };
    struct err err = { 0 };
    int rc = read_to_end(STDIN_FILENO, &question, ANSWER_QUESTION_MAX, &err);
    if (rc >= 0)
        rc = answer_question(&answer, buf_view(&question), &err);
    if (rc >= 0)
        rc = write_all(STDOUT_FILENO, answer.at, answer.size, &err);
    if (rc < 0)
        fprintf(stderr, "moult-patch: %s%s%s\n", err.where, *err.where ? ": " : "", err.text);
    return rc < 0 ? err_exit(err.code) : 0;
}
