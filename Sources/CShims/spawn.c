#define _GNU_SOURCE
#include "CShims.h"
#include <fcntl.h>
#include <spawn.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

const short sky_spawn_setsid = POSIX_SPAWN_SETSID;
const int sky_open_path_only = O_PATH;

int sky_spawn_closefrom(posix_spawn_file_actions_t *actions, int from) {
    return posix_spawn_file_actions_addclosefrom_np(actions, from);
}

int sky_spawn_chdir(posix_spawn_file_actions_t *actions, const char *path) {
    return posix_spawn_file_actions_addchdir_np(actions, path);
}

pid_t sky_fork_session(const char *name, int blocked) {
    pid_t pid = fork();
    if (pid != 0) return pid;
    setsid();
    prctl(PR_SET_NAME, name, 0, 0, 0);
    close_range(3, ~0U, 0);
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, blocked);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    return 0;
}

int sky_become_subreaper(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }
