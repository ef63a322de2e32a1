#!/bin/sh
# What this project needs of the system, in one place.
#
#   scripts/ensure-packages.sh build|test             install what is missing
#   scripts/ensure-packages.sh build|test --check     install nothing, say what is missing
#
# `build` is what `sky` itself needs, `test` adds what its tests do. Everything is looked for by what it provides, not by
# package name, so a library from elsewhere is as good. Exit: 0 all there, 3 something missing. Speaks on stderr only.
set -u

purpose=${1:-build}
mode=${2:-install}

say() { printf '%s\n' "sky: $*" >&2; }

has_command() { command -v "$1" >/dev/null 2>&1; }
has_module() { has_command pkg-config && pkg-config --exists "$1" 2>/dev/null; }
has_file() { # any of the paths, after globbing
    for candidate in "$@"; do
        [ -e "$candidate" ] && return 0
    done
    return 1
}

# Prints the Debian and Ubuntu names of what is missing, on one line.
missing_packages() {
    missing=
    need() { case " $missing " in *" $1 "*) ;; *) missing="$missing $1" ;; esac; }

    has_command git || need git # SwiftPM fetches dependencies with it
    has_file /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem || need ca-certificates
    has_command pkg-config || need pkg-config

    # The toolchain brings its own compiler, but links with the system's linker, C library and C++ library.
    has_file /usr/include/stdlib.h || need libc6-dev
    has_file /usr/lib/gcc/*/*/libstdc++.so /usr/lib/gcc/*/*/libstdc++.a || need g++
    has_command ld || need binutils
    has_command ld.gold || need binutils-gold

    has_module libcurl || need libcurl4-openssl-dev
    has_module yaml-0.1 || need libyaml-dev
    has_module sqlite3 || need libsqlite3-dev
    has_module libcrypto || need libssl-dev
    has_module zlib || need zlib1g-dev

    # Stages of the sample pipelines are Python scripts, and run on this machine when no cloud is to be had.
    has_command python3 || need python3
    if [ "$purpose" = test ]; then
        has_command make || need make
        # Nodes of stages with an engine: environments for Python, and Java for Spark.
        python3 -c 'import venv, ensurepip' 2>/dev/null || need python3-venv
        has_command java || has_file /usr/lib/jvm/*/bin/java || need openjdk-17-jre-headless
        # Hosts of one's own, played by servers of this machine.
        has_command sshd || has_file /usr/sbin/sshd || need openssh-server
        has_command ssh || need openssh-client
        # Certificates of the server that plays Kubernetes, whose pods are made with util-linux.
        has_command openssl || need openssl
        has_command unshare || need util-linux
        # What mounts buckets, where the kernel can.
        [ ! -e /dev/fuse ] || has_command fusermount3 || has_command fusermount || need fuse3
        # A cluster of one's own, on loopback: only root can give its nodes namespaces, and Debian's slurmd can be several.
        if [ "$(id -u)" -eq 0 ]; then
            has_command slurmctld || has_file /usr/sbin/slurmctld || need slurm-wlm
            has_command munged || has_file /usr/sbin/munged || need munge
        fi
    fi
    printf '%s' "${missing# }"
}

# Says how to get a toolchain if there is none that works; others cannot be installed by apt.
check_swift() {
    if ! has_command swift; then
        say "no Swift toolchain found: 'swift' is not in PATH"
        say "get Swift 6.2 or newer from https://www.swift.org/install/linux/ and make sure that 'swift --version' works"
        return 3
    fi
    if ! version=$(swift --version 2>&1 </dev/null); then
        say "the Swift toolchain at $(command -v swift) does not start:"
        printf '%s\n' "$version" | sed 's/^/    /' >&2
        return 3
    fi
    release=$(printf '%s\n' "$version" | sed -n 's/.*Swift version \([0-9]*\)\.\([0-9]*\).*/\1 \2/p' | head -n 1)
    major=${release% *} minor=${release#* }
    if [ -n "$release" ] && { [ "$major" -lt 6 ] || { [ "$major" -eq 6 ] && [ "$minor" -lt 2 ]; }; }; then
        say "Swift $major.$minor at $(command -v swift) is too old: 6.2 or newer is needed (https://www.swift.org/install/linux/)"
        return 3
    fi
}

# Runs apt-get as root, whoever we are. Its output is kept off stdout.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        env DEBIAN_FRONTEND=noninteractive "$@" >&2
    elif [ -t 0 ] && [ -t 2 ]; then
        sudo env DEBIAN_FRONTEND=noninteractive "$@" >&2
    else
        sudo -n env DEBIAN_FRONTEND=noninteractive "$@" >&2 </dev/null
    fi
}

# Of what is installed no service starts by itself: Debian asks this file, where there is one, and goes by its answer.
hold_services() {
    case " $1 " in *" openssh-server "* | *" slurm-wlm "* | *" munge "*) ;; *) return ;; esac
    [ "$(id -u)" -eq 0 ] && [ ! -e /usr/sbin/policy-rc.d ] || return
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d && chmod 755 /usr/sbin/policy-rc.d && held=yes
}

release_services() { [ -z "$held" ] || rm -f /usr/sbin/policy-rc.d; }

install_packages() {
    # Fresh package lists are only fetched when the ones at hand do not do: on most machines that saves half the time.
    # shellcheck disable=SC2086 # the list is words
    as_root apt-get install -y -qq --no-install-recommends $1 </dev/null ||
        { as_root apt-get update -qq && as_root apt-get install -y -qq --no-install-recommends $1 </dev/null; }
}

case "$purpose" in build | test) ;; *) say "usage: $0 build|test [--check]"; exit 2 ;; esac

packages=$(missing_packages)
if [ -n "$packages" ]; then
    root=
    [ "$(id -u)" -eq 0 ] || root="sudo "
    command="${root}apt-get update && ${root}apt-get install -y $packages"
    say "missing on this system: $packages"
    if [ "$mode" = --check ]; then
        say "install with: $command"
        exit 3
    elif ! has_command apt-get; then
        say "there is no apt-get here: install what these Debian packages hold by this system's own means"
        exit 3
    elif [ "$(id -u)" -ne 0 ] && ! has_command sudo; then
        say "neither root nor sudo here. Have somebody run: $(printf '%s' "$command" | sed 's/sudo //g')"
        exit 3
    fi
    say "installing them with apt-get"
    held=
    hold_services "$packages"
    install_packages "$packages" || { release_services; say "that failed. By hand: $command"; exit 3; }
    release_services
    packages=$(missing_packages)
    if [ -n "$packages" ]; then
        say "still missing after the installation: $packages"
        exit 3
    fi
fi
check_swift
