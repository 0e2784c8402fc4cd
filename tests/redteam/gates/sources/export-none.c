#include "moult.h"

static const int a = 1;
