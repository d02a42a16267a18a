/* Redzones between the arrays of one object: AddressSanitizer itself watches only the ends of the whole object. */
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#define REDZONE_BYTES 64 /* 8 of what the sanitizer can tell apart; poisoned from the first aligned byte on */
#define redzone_start(zone) ((char *)(((size_t)(zone) + 7) & ~(size_t)7))
static inline void poison(char *zone) { ASAN_POISON_MEMORY_REGION(redzone_start(zone), zone + REDZONE_BYTES - redzone_start(zone)); }
static inline void unpoison(char *zone) { ASAN_UNPOISON_MEMORY_REGION(zone, REDZONE_BYTES); }
#else
#define REDZONE_BYTES 1
static inline void poison(char *zone) { (void)zone; }
static inline void unpoison(char *zone) { (void)zone; }
#endif
