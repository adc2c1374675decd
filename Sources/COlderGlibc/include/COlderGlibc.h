/* What lets programs that were built with a newer glibc run with that of Debian 12: nothing to call. */
#ifndef DLMGUARD_COLDERGLIBC_H
#define DLMGUARD_COLDERGLIBC_H
#endif
