/* command_text - what a proposer's command finds as TASK.md beside the evidence. */
#pragma once

extern const char command_text[];
