// GNU extensions that the Glibc module hides; each needs _GNU_SOURCE before the first include.
#pragma once
#include <spawn.h>

/// POSIX_SPAWN_SETSID: the child leads a session of its own.
extern const short sky_spawn_setsid;

/// Closes every descriptor from `from` on in the child.
int sky_spawn_closefrom(posix_spawn_file_actions_t *actions, int from);

/// Starts the child in `path`.
int sky_spawn_chdir(posix_spawn_file_actions_t *actions, const char *path);

/// Orphaned descendants become this process's children instead of init's. 0, or -1 with errno.
int sky_become_subreaper(void);
