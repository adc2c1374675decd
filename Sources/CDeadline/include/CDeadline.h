/* One deadline for a whole process: when it strikes, the process says so on stderr and exits,
 * whatever system call it is blocked in.  libvirt waits for its hooks without limit. */
#ifndef DLMGUARD_CDEADLINE_H
#define DLMGUARD_CDEADLINE_H

/* What to do when it strikes: _exit(CODE) after MESSAGE (cut at 2 KiB) has been written to stderr.
 * May be called again at each new stage of the work. */
void dlmguard_deadline_means(int code, const char *message);

/* Strikes MILLISECONDS (more than 0) from now; again to move it. */
void dlmguard_deadline_arm(int milliseconds);

#endif
