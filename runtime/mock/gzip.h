/* gzip - a body as providers' edges compress it. */
#pragma once

#include "mock/body.h"

/* Makes *out one piece of gzip data of the plain body, whatever its size: a gigabyte of filler
 * becomes a megabyte. */
void gzip_body(struct body *out, const struct body *plain);
