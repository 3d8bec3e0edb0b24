#ifndef SIM_VERSION_H
#define SIM_VERSION_H

/* Which build made a result: the revision the sources stood at when they were compiled. */
extern const char version_git[];
#define VERSION_GIT version_git

#endif
