import SkyCore

/// What is run on a login host, by its POSIX shell. Everything is a function that is called at the very end: of a script
/// that a broken link has cut short nothing is done.
struct SlurmScripts: Sendable {
    let cluster: SlurmCluster

    /// The folder of Sky's things there.
    var base: String { cluster.directory.map { "\"\($0)\"" } ?? "\"$HOME\"/.sky-slurm" }

    /// A whole script. `$base`, `$me` are set; moments are seconds since 1970.
    private func script(_ body: String) -> String {
        var lines = ["sky_main() {", "umask 077", "export LC_ALL=C SLURM_TIME_FORMAT=%s"]
        if let commands = cluster.commands { lines.append("PATH=\"\(commands):$PATH\"; export PATH") }
        // Whoever works inside of a job is not to hand its shape on.
        lines.append(
            "for v in $(env | sed -n 's/^\\(S[LBR][A-Z]*_[A-Za-z0-9_]*\\)=.*/\\1/p'); do"
                + " case $v in SLURM_CONF|SLURM_TIME_FORMAT) ;; SLURM_*|SBATCH_*|SRUN_*) unset $v ;; esac; done")
        if let path = cluster.configuration {
            lines.append("SLURM_CONF=\"\(path)\"; export SLURM_CONF")
        }
        lines += ["base=\(base)", "me=$(id -un)", body, "}", "sky_main", ""]
        return lines.joined(separator: "\n")
    }

    /// What the cluster has, and whether Sky's folder can be made there.
    var facts: String { script("mkdir -p \"$base\" || { echo '@sky closed'; return; }\n\(SlurmFacts.question)") }

    // MARK: Jobs

    /// One at a time: between the look whether there is a job under a token and its submission nobody else looks.
    private static let locked = """
        mkdir -p "$base/groups" "$base/gone" || { echo '@sky closed'; return; }
        exec 9>>"$base/lock"
        flock -w 60 9 || { echo '@sky busy'; return; }
        """

    /// The job of that name in the queue, into `$job`.
    private static func find(_ token: String) -> String {
        """
        job=$(squeue -h -u "$me" --name='\(token)' -o %A 2>&1) || { echo "@sky down $job"; return; }
        job=$(printf '%s\\n' "$job" | head -n 1)
        """
    }

    /// What is known of `$job`, and the nodes that it has.
    private static let tell = """
        told=$(scontrol show job --oneliner "$job" 2>&1)
        case $told in
        JobId=*)
          printf '@sky job %s\\n' "$told"
          list=$(printf '%s\\n' "$told" | sed -n 's/.* NodeList=\\([^ ]*\\).*/\\1/p')
          case $list in ''|'(null)') ;; *) scontrol show hostnames "$list" | sed 's/^/@sky host /' ;; esac ;;
        *'Invalid job id'*)
          old=$(sacct -X -n -P -j "$job" -o State,End 2>/dev/null | tail -n 1)
          if [ -n "$old" ]; then printf '@sky past %s %s\\n' "$job" "$old"; else printf '@sky unknown %s\\n' "$job"; fi ;;
        *) printf '@sky down %s\\n' "$told" ;;
        esac
        """

    /// The group's job, submitted if there is none.
    func submit(_ order: SlurmOrder) -> String {
        let token = order.request.token
        return script(
            """
            \(Self.locked)
            if [ -e "$base/gone/\(token)" ]; then echo '@sky gone'; return; fi
            group="$base/groups/\(token)"
            \(Self.find(token))
            if [ -z "$job" ] && [ -s "$group/job" ]; then job=$(cat "$group/job"); fi
            if [ -z "$job" ]; then
            rm -rf "$group"; mkdir -p "$group" || { echo '@sky closed'; return; }
            printf '%s\\n' \(ShellWords.quoted(order.note)) >"$group/note" || { echo '@sky closed'; return; }
            cat >"$group/job.sh" <<'SKY_JOB'
            \(Self.jobScript)
            SKY_JOB
            agent=\(order.agent)
            job=$(env -i HOME="$HOME" PATH="$PATH" USER="$me" LOGNAME="$me" SHELL=/bin/sh LANG=C.UTF-8 \
              ${SLURM_CONF:+SLURM_CONF="$SLURM_CONF"} sbatch --parsable \(order.options) --chdir="$group" \
              --output="$group/output" "$group/job.sh" "$group" "$agent" "\(cluster.scratch)" \
              '\(order.lease)' 2>"$group/refusal" 9>&-) || {
            sed 's/^/@sky refused /' "$group/refusal"; echo '@sky refused'; rm -rf "$group"; return; }
            job=${job%%;*}
            printf '%s\\n' "$job" >"$group/job"
            fi
            \(Self.tell)
            [ ! -e "$group/up" ] || echo '@sky up'
            """)
    }

    /// What has become of a job; with what it printed once it has ended.
    func state(of job: Int, _ token: String) -> String {
        script(
            """
            job=\(job)
            \(Self.tell)
            group="$base/groups/\(token)"
            [ ! -e "$group/up" ] || echo '@sky up'
            tail -n 3 "$group/output" 2>/dev/null | sed 's/^/@sky said /'
            """)
    }

    /// The same of a group of which only the token is known.
    func state(of token: String) -> String {
        script(
            """
            [ ! -s "$base/groups/\(token)/note" ] || { printf '@sky group \(token) '; cat "$base/groups/\(token)/note"; }
            \(Self.find(token))
            [ -n "$job" ] || job=$(cat "$base/groups/\(token)/job" 2>/dev/null)
            [ -n "$job" ] || return
            \(Self.tell)
            """)
    }

    /// All groups, by their notes and by the queue.
    var list: String {
        script(
            """
            queue=$(squeue -h -u "$me" -o '@sky queue %A|%j|%T|%S|%D|%k' 2>&1) || { echo "@sky down $queue"; return; }
            printf '%s\\n' "$queue"
            for note in "$base"/groups/*/note; do
            [ -f "$note" ] || continue
            group=${note%/note}
            printf '@sky group %s ' "${group##*/}"; cat "$note"
            [ ! -s "$group/job" ] || printf '@sky number %s %s\\n' "${group##*/}" "$(cat "$group/job")"
            done
            echo '@sky end'
            """)
    }

    // MARK: Nodes

    /// The nodes of a running job by rank, each once its agent accepts connections, and how their peers reach them.
    func look(at job: Int, nodes: Int, _ token: String) -> String {
        script(
            """
            srun \(Self.step(of: job)) --nodes=\(nodes) --ntasks=\(nodes) --ntasks-per-node=1 sh -c '
            d="\(cluster.scratch)/sky-$(id -u)/\(token).$SLURMD_NODENAME"; n=0
            until [ -S "$d/agent.sock" ]; do n=$((n+1)); [ $n -lt 300 ] || exit 1; sleep 0.1; done
            d=$(cd "$d" && pwd -P) && printf "@sky node %s %s %s\\n" "$SLURM_NODEID" "$SLURMD_NODENAME" "$d"
            ' </dev/null || { echo '@sky silent'; return; }
            scontrol show nodes --oneliner "$(squeue -h -j \(job) -o %N)" | sed -n 's/^NodeName=\\([^ ]*\\) .* NodeAddr=\\([^ ]*\\) .*/@sky address \\1 \\2/p'
            : >"$base/groups/\(token)/up"
            echo '@sky end'
            """)
    }

    /// Options of steps beside that of the agents: they take nothing from it, and hand on bytes as they come.
    private static func step(of job: Int) -> String {
        "--jobid=\(job) --overlap --unbuffered --mem=0 --cpu-bind=none --mpi=none --quiet"
    }

    /// The command that runs the group's `sky-agent` on one of its nodes.
    func command(
        on node: String, of job: Int, _ token: String, agent: String, _ arguments: String, hasTerminal: Bool = false
    ) -> String {
        let terminal = hasTerminal ? " --pty" : ""
        let inner = script(
            "exec srun \(Self.step(of: job)) --nodelist=\(node) --nodes=1 --ntasks=1\(terminal) \(agent) \(arguments)")
        return "exec /bin/sh -c \(ShellWords.quoted(inner))"
    }

    // MARK: Giving back

    /// Ends the token's job, whatever its state, and takes away what is there of it.
    ///
    /// - Parameter forGood: nothing is made under the token any more.
    func end(_ token: String, forGood: Bool) -> String {
        script(
            """
            \(Self.locked)
            group="$base/groups/\(token)"
            \(forGood ? ": >\"$base/gone/\(token)\" || { echo '@sky closed'; return; }" : ":")
            n=0
            while :; do
            \(Self.find(token))
            [ -n "$job" ] || break
            flock -u 9
            if [ $((n % 50)) -eq 0 ]; then scancel --user="$me" --name='\(token)' >/dev/null 2>&1; fi
            # Who has not heeded that within some seconds is made to.
            if [ $((n % 50)) -eq 25 ]; then
            scancel --user="$me" --name='\(token)' --full --signal=KILL >/dev/null 2>&1; fi
            n=$((n+1))
            [ $n -lt 300 ] || { echo "@sky left $job"; return; }
            sleep 0.2
            flock -w 60 9 || { echo '@sky busy'; return; }
            done
            rm -rf "$group"
            find "$base/gone" -type f -mtime +90 -exec rm -f {} + 2>/dev/null
            echo '@sky end'
            """)
    }

    // MARK: In the job

    /// First the job's own script, on one node; then, by `srun`, what looks after the agent of each.
    private static let jobScript = """
        #!/bin/sh
        # group, agent, scratch, lease
        umask 077
        group=$1 token=${1##*/}
        if [ "$5" != node ]; then
          # Given back; or put back into the queue after somebody had it.
          [ ! -e "$group/../../gone/$token" ] && [ ! -e "$group/up" ] || exit 0
          # Of two jobs of one group the first to begin is the one.
          ln -s "$SLURM_JOB_ID" "$group/claim" 2>/dev/null || [ "$(readlink "$group/claim")" = "$SLURM_JOB_ID" ] || exit 0
          exec srun --wait=5 --kill-on-bad-exit=1 --cpu-bind=none --mpi=none --nodes="$SLURM_JOB_NUM_NODES" \\
            --ntasks="$SLURM_JOB_NUM_NODES" --ntasks-per-node=1 --cpus-per-task="${SLURM_CPUS_PER_TASK:-1}" \\
            sh "$group/job.sh" "$1" "$2" "$3" "$4" node
        fi
        root="$3/sky-$(id -u)"
        mkdir -p "$root" && [ -O "$root" ] || { echo "$root on $SLURMD_NODENAME is not ours" >&2; exit 1; }
        directory="$root/$token.$SLURMD_NODENAME"
        mkdir -p "$directory" || exit 1
        # Which of the node's devices are the job's, and what job it is; not what makes programs take over ranks from Slurm.
        SKY_HANDED_ON="CUDA_VISIBLE_DEVICES ROCR_VISIBLE_DEVICES HIP_VISIBLE_DEVICES ZE_AFFINITY_MASK GPU_DEVICE_ORDINAL \\
          SLURM_JOB_ID SLURM_JOB_PARTITION SLURM_JOB_ACCOUNT SLURM_CLUSTER_NAME SLURMD_NODENAME"
        export SKY_HANDED_ON
        # What Slurm sends before it takes the node is for the agent, which then ends by itself.
        trap : TERM
        tries=0
        while :; do
          "$2" serve --dir "$directory" --ends-by-signal ${4:+--lease "$4"}
          code=$?
          # Killed alone, its jobs live on for the next one.
          [ $code -gt 128 ] && [ $tries -lt 5 ] || break
          tries=$((tries + 1))
        done
        rm -rf "$directory"
        exit $code
        """
}

/// What is to be submitted.
struct SlurmOrder: Sendable {
    var request: NodeGroupRequest
    /// One, or several of one kind: Slurm takes the first that has room.
    var machine: SlurmMachine
    var partitions: [String]
    /// A word of the login host's shell.
    var agent: String

    var note: String { NodeGroupNote(request: request).text }

    /// Empty for none.
    var lease: String { request.lease.map { "\($0.milliseconds)ms" } ?? "" }

    /// Words of the shell.
    var options: String {
        var options = machine.options.filter { !$0.hasPrefix("--partition=") }
        options += [
            "--partition=\(partitions.joined(separator: ","))", "--job-name=\(request.token)",
            "--comment=\(SlurmTag(request).text)", "--nodes=\(request.numNodes)", "--ntasks=\(request.numNodes)",
            "--ntasks-per-node=1", "--no-requeue", "--open-mode=append",
        ]
        return options.map(ShellWords.quoted).joined(separator: " ")
    }
}

/// What a job's comment says of it: enough to find it and give it back where its folder is gone.
struct SlurmTag: Hashable, Sendable {
    var run: RunID
    var instanceType: String

    init(_ request: NodeGroupRequest) {
        run = request.run
        instanceType = request.instanceType
    }

    init?(_ text: String) {
        let parts = text.split(separator: " ").map(String.init)
        guard parts.count == 3, parts[0] == "sky", let run = RunID(parts[1]) else { return nil }
        self.run = run
        instanceType = parts[2]
    }

    var text: String { "sky \(run) \(instanceType)" }
}
