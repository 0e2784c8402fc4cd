/* metrics - counters and gauges of the service in Prometheus' text format. */
#pragma once

#include "broker/engine.h"

void metrics_print(const struct engine *engine, struct buf *out);
