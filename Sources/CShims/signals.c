#define _GNU_SOURCE
#include "CShims.h"
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int sky_signal_descriptor(const int *signals, int count) {
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < count; i++) sigaddset(&set, signals[i]);
    int error = pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (error) {
        errno = error;
        return -1;
    }
    return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

int sky_take_signal(int descriptor, int *signal, int *value) {
    struct signalfd_siginfo info;
    ssize_t count;
    do count = read(descriptor, &info, sizeof info);
    while (count < 0 && errno == EINTR);
    if (count < 0) return errno == EAGAIN ? 0 : -1;
    if (count != sizeof info) return 0;
    *signal = (int)info.ssi_signo;
    *value = info.ssi_code == SI_QUEUE ? info.ssi_int : -1;
    return 1;
}

int sky_signal_with_value(pid_t pid, int signal, int value) {
    union sigval payload = {.sival_int = value};
    return sigqueue(pid, signal, payload);
}

ssize_t sky_write_quietly(int descriptor, const void *bytes, size_t count) {
    ssize_t sent = send(descriptor, bytes, count, MSG_NOSIGNAL);
    if (sent >= 0 || errno != ENOTSOCK) return sent;

    // A pipe: SIGPIPE would come to this thread, so it waits blocked and is taken away, unless it was pending before.
    sigset_t pipe_only, before, pending;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    sigpending(&pending);
    pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
    sent = write(descriptor, bytes, count);
    int error = errno;
    // A reader that goes in the middle of a long write makes it a short one, and the signal comes all the same.
    bool is_short = sent < 0 ? error == EPIPE : (size_t)sent < count;
    if (is_short && !sigismember(&pending, SIGPIPE)) {
        struct timespec now = {0, 0};
        while (sigtimedwait(&pipe_only, NULL, &now) < 0 && errno == EINTR) {}
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return sent;
}

int sky_wait_exit_code(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : -1; }

int sky_wait_signal(int status) { return WIFSIGNALED(status) ? WTERMSIG(status) : -1; }
