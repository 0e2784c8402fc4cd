/* image - the first process of a run, carried in every program that starts one: there is no file to
 * look for, and none that somebody could put in its place. */
#include "sandbox/init/init.h"

__asm__(".section .rodata\n"
        ".balign 16\n"
        ".globl init_image\n"
        ".hidden init_image\n"
        "init_image:\n"
        ".incbin \"" MOULT_INIT_IMAGE "\"\n"
        ".globl init_image_end\n"
        ".hidden init_image_end\n"
        "init_image_end:\n"
        ".previous\n");
