#define _GNU_SOURCE
#include "CShims.h"
#include <fcntl.h>
#include <linux/sched.h>
#include <spawn.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

const short sky_spawn_setsid = POSIX_SPAWN_SETSID;
const int sky_open_path_only = O_PATH;

int sky_spawn_closefrom(posix_spawn_file_actions_t *actions, int from) {
    return posix_spawn_file_actions_addclosefrom_np(actions, from);
}

int sky_spawn_chdir(posix_spawn_file_actions_t *actions, const char *path) {
    return posix_spawn_file_actions_addchdir_np(actions, path);
}

void sky_set_process_name(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

// The C library has no fork into a control group. Its own does more than the system call only for processes with several threads,
// and for what goes by the number of the thread, which here is that of the original: raise() alone.
static pid_t fork_into(int group) {
    struct clone_args arguments = {.flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = (__u64)group};
    return (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
}

pid_t sky_fork_session(const char *name, int blocked, int kept, int group) {
    pid_t pid = group < 0 ? fork() : fork_into(group);
    if (pid != 0) return pid;
    setsid();
    sky_set_process_name(name);
    if (kept < 3) {
        close_range(3, ~0U, 0);
    } else {
        if (kept > 3) close_range(3, (unsigned)kept - 1, 0);
        close_range((unsigned)kept + 1, ~0U, 0);
    }
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, blocked);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    return 0;
}

int sky_packet_pair(int ends[2]) {
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends);
}

int sky_become_subreaper(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }
