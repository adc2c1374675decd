/* glibc 2.38 has new versions of a few functions, which a program that is built with it then asks for,
 * although the older ones serve what is linked in here.  These definitions take their place at link
 * time, and call the functions of glibc 2.36.  They are hidden: no library sees them.
 *
 * A function that only glibc 2.37 or a later one has would need more than this: a check of the package
 * (Tests/Packages/cases/01-contents.sh) fails when a program uses one. */
#include "COlderGlibc.h"

#include <features.h>

#if defined(__GLIBC__) && (defined(__x86_64__) || defined(__aarch64__))

#ifdef __x86_64__
#define FIRST "GLIBC_2.2.5"
#else
#define FIRST "GLIBC_2.17"
#endif

#define HIDDEN __attribute__((visibility("hidden")))

/* The newer ones do not set errno; otherwise they compute the same. */
extern double older_fmod(double x, double y);
extern float older_fmodf(float x, float y);
__asm__(".symver older_fmod,fmod@" FIRST);
__asm__(".symver older_fmodf,fmodf@" FIRST);

HIDDEN double fmod(double x, double y)
{
	return older_fmod(x, y);
}

HIDDEN float fmodf(float x, float y)
{
	return older_fmodf(x, y);
}

/* Those of C23, which the headers of glibc 2.38 put in place of the older ones, also take a prefix 0b:
 * it would depend on where a program was built whether that is a number.  By other names here, because
 * the headers would redirect the calls as well. */
#define OLDER(type, name) \
	extern type older_##name(const char *text, char **end, int base) __asm__(#name); \
	type __isoc23_##name(const char *text, char **end, int base); \
	HIDDEN type __isoc23_##name(const char *text, char **end, int base) \
	{ \
		return older_##name(text, end, base); \
	}

OLDER(long, strtol)
OLDER(unsigned long, strtoul)
OLDER(long long, strtoll)
OLDER(unsigned long long, strtoull)

#endif
