/* sanitized - whether this program is linked with AddressSanitizer: gcc and clang say so
 * differently. */
#pragma once

#ifdef __SANITIZE_ADDRESS__
#define WORKER_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WORKER_SANITIZED 1
#endif
#endif
