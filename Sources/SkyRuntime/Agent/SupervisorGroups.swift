import Glibc
import SkyProcess

/// The control groups of an agent's supervisors, where the agent may make some: each supervisor is born in one of its own, and so
/// is all that its jobs start. To move processes between groups takes the kernel 7 ms and more, to start one in a group 0.1 ms.
final class SupervisorGroups {
    /// All begin with it, whoever's they are.
    private static let prefix = "sky-"

    /// Where they are: the agent's own group. Nil where there can be none.
    private var parent: ControlGroup?
    /// In the names of this agent's.
    private let agent: String
    private var count = 0

    init() {
        parent = ControlGroup.ofThisProcess
        let identity = ProcessIdentity.current
        agent = identity.map { "\($0.pid)-\($0.startTicks)" } ?? ""
        if identity == nil { parent = nil }
        sweep()
    }

    /// An empty group; nil where there can be none.
    func make() -> ControlGroup? {
        count += 1
        return parent?.makeChild("\(Self.prefix)\(agent)-\(count)")
    }

    /// To be called when the kernel has killed whom it was to start in a group. Some kernels do that where a group that surrounds
    /// this one was killed before.
    func giveUp() { parent = nil }

    /// Removes what agents that are gone have left, unless jobs of theirs still run in it.
    private func sweep() {
        guard let parent else { return }
        for name in parent.children(withPrefix: Self.prefix) where !Self.hasAgent(name) {
            ControlGroup(path: "\(parent.path)/\(name)").remove()
        }
    }

    private static func hasAgent(_ name: String) -> Bool {
        let parts = name.dropFirst(prefix.count).split(separator: "-")
        guard parts.count == 3, let pid = Int32(parts[0]), let ticks = UInt64(parts[1]) else { return true }
        return ProcessTable.status(of: pid).map { $0.startTicks == ticks && !$0.isGone } ?? false
    }
}

/// The control group that a supervisor was born in, as the supervisor itself sees it.
final class OwnGroup {
    let group: ControlGroup
    /// Where it goes, so that it is not killed with the others.
    private let outside: ControlGroup
    private(set) var hasLeft = false

    init(_ group: ControlGroup) {
        self.group = group
        outside = ControlGroup(path: Files.parent(of: group.path))
    }

    /// Kills everything in the group but this process, which is out of it from then on. True when that was possible.
    func killOthers() -> Bool {
        do throws(SystemError) {
            if !hasLeft { try outside.enter() }
            hasLeft = true
            try group.killAll()
            return true
        } catch {
            return false
        }
    }
}
