/* libdlmcontrol.h uses these without including what declares them. */
#include <stdint.h>
#include <sys/types.h>
#include <linux/dlmconstants.h>

#include <libdlmcontrol.h>
