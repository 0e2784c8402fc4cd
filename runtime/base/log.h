/* log - lines for operators on stderr; nothing reads them back.
 * "2026-01-02T03:04:05.678Z moult-broker warn: text". Text is made printable. */
#pragma once

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
void log_init(const char *program); /* level from MOULT_LOG=error|warn|info|debug, default warn */
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
