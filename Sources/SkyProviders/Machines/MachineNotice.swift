public import SkyCore

/// How a machine itself says that its cloud means to take it, where the cloud tells nobody else. It is asked whenever its group is
/// looked at: while a stage uses it, every few seconds.
public struct MachineNotice: Sendable {
    /// For the machine's shell; done in a second or two, whatever happens.
    public var command: String
    /// When the machine will be taken, by what the command has printed; nil while nothing says so.
    public var moment: @Sendable (_ output: String) -> Instant?

    public init(command: String, moment: @escaping @Sendable (_ output: String) -> Instant?) {
        self.command = command
        self.moment = moment
    }
}

extension MachineAdapter {
    /// The first of the moments that machines of the group tell of. One that does not answer tells of none.
    func interruption(of record: MachineRecord) async -> Instant? {
        guard record.request.isSpot else { return nil }
        return await withTaskGroup(of: Instant?.self) { tasks in
            for member in record.members {
                guard let notice = cloud.notice(of: member.machine) else { continue }
                tasks.addTask {
                    guard let session = try? self.session(member.machine) else { return nil }
                    let outcome = try? await session.host.connection.run(
                        notice.command, input: .nothing, limit: .seconds(10))
                    return outcome.flatMap { notice.moment($0.output) }
                }
            }
            return await tasks.reduce(into: [Instant]()) { all, moment in if let moment { all.append(moment) } }.min()
        }
    }
}
