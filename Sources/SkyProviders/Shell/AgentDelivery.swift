import Glibc
import SkyProcess
import SkyRuntime
import Synchronization

/// What is known of machines' processors, so that the right agent is asked for at once.
final class KnownMachines: Sendable {
    private let architectures = Mutex<[String: String]>([:])

    func architecture(of identity: String) -> String {
        architectures.withLock { $0[identity] } ?? AgentPrograms.ownArchitecture
    }

    func remember(_ architecture: String, of identity: String) {
        architectures.withLock { $0[identity] = architecture }
    }
}

/// Sees to it that the agent's program is where it is to run, over a way that can only run commands.
struct AgentDelivery: Sendable {
    let way: any ShellWay
    let agents: AgentPrograms
    let known: KnownMachines
    /// The folder that Sky has there, as a word of the shell there.
    let base: String

    /// The program's path there, as a word of the shell there.
    func program() async throws(SSHFailure) -> String {
        let program = try await agents.program(for: known.architecture(of: way.identity))
        return "\(base)/agents/\(program.digest)/sky-agent"
    }

    private static let facts = """
        umask 077
        printf '@sky system %s\\n' "$(uname -s)"
        printf '@sky machine %s\\n' "$(uname -m)"
        mkdir -p "$base/agents" || printf '@sky closed\\n'
        for tool in gzip sha256sum; do command -v $tool >/dev/null 2>&1 && printf '@sky has %s\\n' $tool; done
        for node in "$base"/hosts/*/nodes/*; do [ -d "$node" ] && printf '@sky used\\n'; done
        for program in "$base"/agents/*/sky-agent; do [ -x "$program" ] && printf '@sky agent %s\\n' "$program"; done
        for part in "$base"/agents/*.part; do [ -f "$part" ] && printf '@sky part %s %s\\n' "$(wc -c <"$part")" "$part"; done
        printf '@sky end\\n'
        """

    /// What a host without an agent says of itself, by its shell alone.
    struct Facts: Sendable {
        var lines: [[Substring]]

        init(_ output: String) {
            lines = output.split(separator: "\n").filter { $0.hasPrefix(HostReply.mark) }
                .map { $0.dropFirst(HostReply.mark.count).split(separator: " ") }
        }

        func value(_ key: String) -> String? {
            lines.first { $0.first == key[...] }?.dropFirst().first.map(String.init)
        }
        func has(_ tool: String) -> Bool { lines.contains { $0 == ["has", tool[...]] } }
        var isWhole: Bool { lines.contains { $0.first == "end" } }
        var isUsed: Bool { lines.contains { $0.first == "used" } }

        func hasAgent(_ digest: String) -> Bool {
            lines.contains { $0.first == "agent" && $0.last?.hasSuffix("/agents/\(digest)/sky-agent") == true }
        }

        /// Bytes of a part that are there already.
        func size(ofPart name: String) -> Int64 {
            lines.first { $0.first == "part" && $0.last?.hasSuffix("/\(name)") == true }.flatMap { Int64($0[1]) } ?? 0
        }
    }

    /// Looks at the host by its shell. Also how `sky check` finds out whether it answers.
    func look() async throws(SSHFailure) -> Facts {
        let outcome = try await way.run(script: "base=\(base)\n\(Self.facts)\n")
        let facts = Facts(outcome.output)
        guard let system = facts.value("system"), let machine = facts.value("machine") else {
            throw .broken(outcome.lastLine)
        }
        guard system == "Linux" else { throw .notLinux(system: system) }
        if facts.value("closed") != nil || facts.lines.contains(["closed"]) {
            throw .host(Self.failure(in: outcome.errors, of: "cannot write there: \(outcome.lastLine)"))
        }
        known.remember(AgentPrograms.architecture(of: machine), of: way.identity)
        guard facts.isWhole else { throw .broken(outcome.lastLine) }
        return facts
    }

    /// False, and nothing brought, to a host that nobody uses, unless that is wanted.
    func bring(evenToEmptyHost: Bool = true) async throws(SSHFailure) -> Bool {
        // Of many here that find it missing, one brings it; the others then find it there.
        let lock: WaitingLock
        do throws(SystemError) {
            lock = try await way.lock("agent")
        } catch { throw .setup("\(error)") }
        defer { lock.release() }
        let facts = try await look()
        let program = try await agents.program(for: known.architecture(of: way.identity))
        if facts.hasAgent(program.digest) { return true }
        guard evenToEmptyHost || facts.isUsed else { return false }
        let isPacked = facts.has("gzip")
        let source = isPacked ? try await agents.packed(program) : program.path
        let name = "\(program.digest).\(ownName)\(isPacked ? ".gz" : "").part"
        let size = Self.size(of: source)
        // What came twice, or was left by somebody with this name, is not gone on with.
        let start = facts.size(ofPart: name) <= size ? facts.size(ofPart: name) : 0
        let script = Self.placing(
            program, part: name, size: size, isFresh: start == 0, isPacked: isPacked, hasSum: facts.has("sha256sum"))
        let outcome = try await way.run(
            "exec /bin/sh -c 'base=\(base); \(script)'", input: .file(path: source, offset: start),
            limit: .seconds(3600))
        let words = Facts(outcome.output).lines.compactMap(\.first)
        if words.contains("placed") { return true }
        if words.contains("damaged") { throw .host(HostFailure(.damaged, "the agent came there damaged")) }
        throw .host(Self.failure(in: outcome.errors, of: "the agent could not be put there: \(outcome.lastLine)"))
    }

    /// One line without a single quote or an exclamation mark: every shell hands it on as it is.
    private static func placing(
        _ program: AgentPrograms.Program, part: String, size: Int64, isFresh: Bool, isPacked: Bool, hasSum: Bool
    ) -> String {
        let sum = "[ \"$(sha256sum <\"$f\".new | cut -c 1-64)\" = \(program.digest) ]"
        return [
            "umask 077", "d=\"$base\"/agents", "f=\"$d\"/\(part)", "cat \(isFresh ? ">" : ">>") \"$f\" || exit 1",
            "[ $(wc -c <\"$f\") -eq \(size) ] || { echo @sky short; exit 1; }",
            isPacked ? "gzip -dc <\"$f\" >\"$f\".new" : "cp \"$f\" \"$f\".new", "s=$?", "chmod 700 \"$f\".new",
            "[ $s -eq 0 ] && \(hasSum ? sum : "\"$f\".new version >/dev/null") || { echo @sky damaged; rm -f \"$f\" \"$f\".new; exit 1; }",
            "mkdir -p \"$d\"/\(program.digest) && mv -f \"$f\".new \"$d\"/\(program.digest)/sky-agent && rm -f \"$f\" && echo @sky placed",
        ].joined(separator: "; ")
    }

    private static func failure(in errors: String, of message: String) -> HostFailure {
        let isFull = errors.contains("No space left") || errors.contains("quota exceeded")
        return HostFailure(isFull ? .noSpace : .system, message)
    }

    /// What brokers send that do not hold one lock must not be mixed.
    var ownName: String {
        let place = "\(ProcessIdentity.currentBoot) \(way.identity)"
        return SHA256.hex(SHA256.digest(of: Array(place.utf8)).prefix(4))
    }

    private static func size(of path: String) -> Int64 {
        var status = stat()
        return stat(path, &status) == 0 ? Int64(status.st_size) : 0
    }
}
