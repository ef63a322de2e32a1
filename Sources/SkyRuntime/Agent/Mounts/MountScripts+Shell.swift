extension MountScripts {
    /// Whom what is made belongs to; empty: whoever makes it.
    static let owner = "owner=\n"

    /// `bind SOURCE TARGET [ro]` and what it needs. Where a target is missing in a folder that is not the user's to write, or in `/`,
    /// that folder's entries are laid over it in memory, where the target can be made: nothing of that is on the node.
    static let places = #"""
        covered=
        may_write() { if [ -n "$owner" ]; then [ "$(stat -c %u "$1")" = "${owner%:*}" ]; else [ -w "$1" ]; fi; }
        cover() {
          mkdir -p "$root" && mount -n -t tmpfs -o mode=755 sky "$root" && mount -n --make-unbindable "$root" || return 1
          for entry in "${1%/}"/* "${1%/}"/.[!.]* "${1%/}"/..?*; do
            at=$root/${entry##*/}
            if [ -h "$entry" ]; then ln -s "$(readlink "$entry")" "$at"
            elif [ -d "$entry" ]; then mkdir "$at" && mount -n --rbind "$entry" "$at"
            elif [ -e "$entry" ]; then : > "$at" && mount -n --bind "$entry" "$at"
            fi || return 1
          done
          covered="$covered:$1:"
          if [ "$1" = / ]; then cd "$root" && pivot_root . . && umount -n -l . && cd /; else mount -n --move "$root" "$1"; fi
        }
        # make TARGET d|f: a folder, or a file, to mount upon. What is there stays as it is.
        make() {
          if [ -e "$1" ] || [ -h "$1" ]; then
            if [ "$2" = d ]; then [ -d "$1" ] || fail "$1 is there on this node, and no folder: it cannot be mounted upon"
            else [ ! -d "$1" ] && [ -e "$1" ] || fail "$1 is there on this node, and no file: it cannot be mounted upon"
            fi
            return
          fi
          above=$1
          while [ ! -d "$above" ]; do above=${above%/*}; above=${above:-/}; done
          isNoted=1
          case $above/ in
          "$node"/*) isNoted= ;;
          *)
            case $covered in
            *":$above:"*) isNoted= ;;
            *)
              if [ "$above" = / ] || ! may_write "$above"; then
                cover "$above" || fail "there is no way to make $1 on this node: choose another path"
                isNoted=
              fi ;;
            esac ;;
          esac
          rest=${1#"${above%/}"/}
          at=${above%/}
          while [ -n "$rest" ]; do
            part=${rest%%/*}
            rest=${rest#"$part"}
            rest=${rest#/}
            at=$at/$part
            if [ -z "$rest" ] && [ "$2" = f ]; then : > "$at"; else mkdir "$at"; fi ||
              fail "there is no way to make $1 on this node: choose another path"
            [ -z "$owner" ] || chown "$owner" "$at"
            [ -z "$isNoted" ] || echo "$at" >> "$folder/made"
            [ -z "$isNoted" ] || [ -z "$owner" ] || chown "$owner" "$folder/made"
          done
        }
        bind() {
          if [ -d "$1" ]; then make "$2" d; else make "$2" f; fi
          mount -n --rbind "$1" "$2" || fail "nothing can be mounted at $2 on this node"
          [ -z "$3" ] || mount -n -o remount,bind,ro "$2" || fail "$2 cannot be kept from being written to on this node"
        }

        """#

    /// The same where nothing can be mounted.
    static let links = #"""
        bind() {
          if [ -e "$2" ] || [ -h "$2" ]; then
            fail "$2 is there on this node, which gives jobs no mounts of their own: choose another path"
          fi
          at=
          rest=${2%/*}
          rest=${rest#/}
          while [ -n "$rest" ]; do
            part=${rest%%/*}
            rest=${rest#"$part"}
            rest=${rest#/}
            at=$at/$part
            [ -d "$at" ] && continue
            mkdir "$at" || fail "$at cannot be made on this node: choose another path than $2"
            echo "$at" >> "$folder/made"
          done
          ln -s "$1" "$2" || fail "$2 cannot be made on this node: choose another path"
          echo "$2" >> "$folder/made"
        }

        """#

    /// `mount_bucket NUMBER TARGET REMOTE URL [cached]`, `flush` and `stop`. Those who mount are in sessions of their own: whoever asks
    /// the job to end does not ask them, so that the job can still save what it has.
    var buckets: String {
        "rclone=\(ContainerScripts.quoted(tools.rclone ?? "rclone"))\n" + Self.bucketFunctions
    }

    private static let bucketFunctions = #"""
        mounters=
        cached=
        : > "$folder/mounters"
        mount_bucket() {
          make "$2" d
          before=$(stat -c %d "$2")
          set -- "$1" "$2" "$3" "$4" "$5" --vfs-cache-mode off
          [ -z "$5" ] || {
            rm -rf "$folder/mount-$1.cache"
            set -- "$1" "$2" "$3" "$4" "$5" --vfs-cache-mode writes --vfs-write-back 1s --cache-dir "$folder/mount-$1.cache" \
              --vfs-cache-poll-interval 2s -v
            cached="$cached $1"
          }
          (
            cd "$folder" && . "./mount-$1.env" || exit
            rm -f "mount-$1.env"
            number=$1 target=$2 remote=$3
            shift 5
            export RCLONE_CONFIG=/dev/null
            exec setsid "$rclone" mount "$@" --dir-cache-time 30s --use-server-modtime "$remote" "$target"
          ) > "$folder/mount-$1.log" 2>&1 < /dev/null &
          mounter=$!
          mounters="$mounters $mounter"
          echo "$mounter" >> "$folder/mounters"
          echo "$mounter" > "$folder/mount-$1.pid"
          waited=0
          until [ "$(stat -c %d "$2" 2> /dev/null)" != "$before" ]; do
            kill -0 "$mounter" 2> /dev/null && [ "$waited" -lt 1200 ] && [ -z "$asked" ] || not_mounted "$1" "$2" "$4"
            waited=$((waited + 1))
            sleep 0.05
          done
          timeout 120 ls "$2" > /dev/null 2>&1 || not_mounted "$1" "$2" "$4"
          echo "sky-agent: $4 is mounted at $2" >&2
        }
        not_mounted() {
          tail -n 3 "$folder/mount-$1.log" >&2
          fail "$3 cannot be mounted at $2"
        }
        # Until all that was written is in the buckets: every two seconds rclone writes what is still to be sent. What was closed just
        # now it knows at the second look at the latest.
        flush() {
          for number in $cached; do
            looks=$(grep -c 'vfs cache: cleaned' "$folder/mount-$number.log")
            mounter=$(cat "$folder/mount-$number.pid")
            while :; do
              kill -0 "$mounter" 2> /dev/null ||
                fail "what was written to a mount may not have arrived: who mounted it has ended"
              state=$(grep 'vfs cache: cleaned' "$folder/mount-$number.log" | tail -n 1)
              now=$(grep -c 'vfs cache: cleaned' "$folder/mount-$number.log")
              case $state in
              *'to upload 0, uploading 0,'*) [ "$now" -lt $((looks + 2)) ] || break ;;
              esac
              sleep 0.2
            done
          done
        }
        stop() {
          for mounter in $mounters; do kill "$mounter" 2> /dev/null; done
          waited=0
          for mounter in $mounters; do
            while kill -0 "$mounter" 2> /dev/null && [ "$waited" -lt 100 ]; do
              waited=$((waited + 1))
              sleep 0.05
            done
            kill -KILL "$mounter" 2> /dev/null
          done
        }

        """#

    static let steps = #"""
        finish() {
          flush
          stop
          exit "$1"
        }
        step() {
          test -z "$asked" || finish 143
          (
            PATH=$jobs_path
            exec $as /bin/sh "$1"
          ) &
          child=$!
          \#(StepWait.lines(indent: "  "))
          test $code = 0 || finish $code
        }
        """#
}
