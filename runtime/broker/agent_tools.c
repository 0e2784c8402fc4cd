/* agent_tools - see agent_tools.h. */
#include "broker/agent_tools.h"
