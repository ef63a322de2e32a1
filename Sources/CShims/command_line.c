#include "CShims.h"
#include <string.h>

// The kernel reads a process's command line out of the process's own memory, where it put the arguments at the start.
static char *first;
static size_t room;

__attribute__((constructor)) static void remember(int argc, char **argv) {
    if (argc < 1) return;
    char *last = argv[argc - 1];
    first = argv[0];
    room = (size_t)(last - first) + strlen(last) + 1;
}

int sky_set_command_line(const char *arguments, size_t count) {
    if (!first || count > room) return -1;
    memcpy(first, arguments, count);
    memset(first + count, 0, room - count);
    return 0;
}
