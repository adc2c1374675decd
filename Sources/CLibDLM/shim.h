/* libdlm.h uses mode_t without including what declares it. */
#include <sys/types.h>

#include <libdlm.h>
