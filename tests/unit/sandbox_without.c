/* sandbox_without - runs a command on a machine that has no namespaces: sandbox_without CMD... */
#include "sandbox_without.h"

#include <stdio.h>

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    without_namespaces();
    execvp(argv[1], argv + 1);
    perror(argv[1]);
    return 127;
}
