// GNU extensions that the Glibc module hides; each needs _GNU_SOURCE before the first include.
#pragma once
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <sys/types.h>

/// POSIX_SPAWN_SETSID: the child leads a session of its own.
extern const short sky_spawn_setsid;

/// Closes every descriptor from `from` on in the child.
int sky_spawn_closefrom(posix_spawn_file_actions_t *actions, int from);

/// Starts the child in `path`.
int sky_spawn_chdir(posix_spawn_file_actions_t *actions, const char *path);

/// fork(2) for a process with one thread: a copy of it in a session of its own, called `name` in process lists (15
/// bytes), with no descriptors but the standard streams and `kept`, which may be -1, and no signal blocked but `blocked`. 0 in the
/// copy; its number, or -1 with errno, in this process. With a `group`, a descriptor of a control group's folder or -1, the copy is
/// in that group from its first moment; where that is not possible, there is no copy.
pid_t sky_fork_session(const char *name, int blocked, int kept, int group);

/// What process lists call this process, at most 15 bytes of it. To be called by its only thread.
void sky_set_process_name(const char *name);

/// Two connected ends that carry packets (SOCK_SEQPACKET), closed on exec; they neither wait nor raise SIGPIPE. 0, or -1 with errno.
int sky_packet_pair(int ends[2]);

/// What process lists show as this process's command line from now on: `count` bytes, each argument with a zero behind it.
/// 0; or -1 when there is no room, which is what the program was started with.
int sky_set_command_line(const char *arguments, size_t count);

/// Orphaned descendants become this process's children instead of init's. 0, or -1 with errno.
int sky_become_subreaper(void);

/// Blocks `signals` in the calling thread and returns a non-blocking descriptor that is readable when one of them is
/// pending; -1 with errno.
int sky_signal_descriptor(const int *signals, int count);

/// Takes one pending signal. `value` is what `sky_signal_with_value` sent with it, or -1. Returns 1; 0 when nothing is
/// pending; -1 with errno.
int sky_take_signal(int descriptor, int *signal, int *value);

/// Sends `signal` with a number that the receiver's `sky_take_signal` gives it. 0, or -1 with errno.
int sky_signal_with_value(pid_t pid, int signal, int value);

/// write(2), or send(2) on a socket, that fails with EPIPE but never raises SIGPIPE.
ssize_t sky_write_quietly(int descriptor, const void *bytes, size_t count);

/// A number of `wait` as its kind: the exit code, or -1 if a signal ended the process.
int sky_wait_exit_code(int status);

/// The signal that ended the process, or -1 if it exited.
int sky_wait_signal(int status);

/// O_PATH, for holding a directory open without the right to read it.
extern const int sky_open_path_only;

/// Locks one byte of an open file, which need not be there, for this opening of it alone (an open file description lock).
/// 0; EAGAIN when another opening has it and `waits` is 0; another errno.
int sky_lock_byte(int descriptor, off_t offset, int waits);

/// Gives the disk back what a part of a file takes; it reads as zeros from then on. 0, or -1 with errno.
int sky_punch_hole(int descriptor, off_t offset, off_t length);

/// Where the first byte from `offset` on is that is in no hole; -1 with errno, ENXIO if there is none.
off_t sky_seek_data(int descriptor, off_t offset);

/// Tells the file system that the folders in this one have nothing to do with each other (`chattr +T`): ext4 then spreads
/// them over the disk. 0, or -1 where the file system knows no such thing.
int sky_spread_subfolders(const char *folder);
