import SkyCore
import SkyRuntime

/// What a cluster says it has of Sky's: notes in its folder, and jobs in the queue.
struct SlurmSurvey {
    private struct Queued {
        var job: Int
        var state: SlurmState
        var startedAt: Instant?
        var nodes: Int
        var comment: String
    }

    private var queue: [String: Queued] = [:]
    private var notes: [String: NodeGroupNote] = [:]
    private var numbers: [String: Int] = [:]

    init(_ answer: SlurmAnswer) {
        for line in answer.values("queue") {
            let parts = line.split(separator: "|", maxSplits: 5, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 6, let job = Int(parts[0]) else { continue }
            queue[parts[1]] = Queued(
                job: job, state: SlurmState(parts[2]),
                startedAt: Int64(parts[3]).map { Instant(millisecondsSince1970: $0 * 1000) }, nodes: Int(parts[4]) ?? 1,
                comment: parts[5])
        }
        for line in answer.values("group") {
            guard let space = line.firstIndex(of: " "), let note = NodeGroupNote(String(line[space...])) else {
                continue
            }
            notes[String(line[..<space])] = note
        }
        for line in answer.values("number") {
            let parts = line.split(separator: " ")
            if parts.count == 2 { numbers[String(parts[0])] = Int(parts[1]) }
        }
    }

    func groups(at cluster: SlurmCluster, _ provider: String, records: [String: SlurmGroupRecord]) -> [NodeGroup] {
        Set(queue.keys).union(notes.keys).compactMap { group($0, at: cluster, provider, records[$0]) }
    }

    /// Nil of a job that is none of ours.
    private func group(
        _ token: String, at cluster: SlurmCluster, _ provider: String, _ record: SlurmGroupRecord?
    ) -> NodeGroup? {
        let job = queue[token]
        let request = notes[token]?.request
        // Two entries of slurm.yaml may be one cluster, under two accounts.
        if let request, request.region != cluster.name { return nil }
        guard let run = request?.run ?? job.flatMap({ SlurmTag($0.comment) })?.run,
            let type = request?.instanceType ?? job.flatMap({ SlurmTag($0.comment) })?.instanceType
        else { return nil }
        var group =
            record?.group(of: provider)
            ?? NodeGroup(
                token: token, run: run, provider: provider, region: cluster.name, instanceType: type, state: .pending,
                createdAt: job?.startedAt,
                nodes: (0..<(request?.numNodes ?? job?.nodes ?? 1)).map {
                    Node(id: "\(job?.job ?? numbers[token] ?? 0).\($0)", rank: $0, address: "")
                })
        guard group.state != .lost else { return group }
        switch job?.state {
        case .pending, .starting: group.state = .pending
        case .running: if record == nil || record?.members.isEmpty == false { group.state = .running }
        case .ending, .timeout, .preempted, .ended: group.state = .lost
        // Submitted and no longer there, or about to be submitted.
        case nil: group.state = numbers[token] == nil ? .pending : .lost
        }
        return group
    }
}
