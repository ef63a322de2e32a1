import SkyKubernetes

/// How it stands with a pod, out of the many places where Kubernetes says so.
enum PodStanding: Hashable {
    /// Its container runs.
    case running(address: String)
    /// It will come up, or it will not: `code` is what `errors.csv` calls the reason, empty while there is none.
    case waiting(code: String, words: String)
    /// It ran, and does not any more; or it never will.
    case over(code: String, words: String)

    init(_ pod: Pod) {
        let status = pod.status
        let disruption = pod.condition("DisruptionTarget").flatMap { $0.status == "True" ? $0 : nil }
        if pod.metadata.deletionTimestamp != nil || ["Failed", "Succeeded"].contains(status?.phase ?? "") {
            self = Self.end(of: pod, disruption)
            return
        }
        let container = status?.containerStatuses?.first { $0.name == PodManifest.containerName }?.state
        if status?.phase == "Running", container?.running != nil, let address = status?.podIP, !address.isEmpty {
            self = .running(address: address)
            return
        }
        if let terminated = container?.terminated {
            self = .over(code: terminated.reason ?? "Error", words: Self.words(terminated))
            return
        }
        if let waiting = container?.waiting, let reason = waiting.reason, !Self.isProgress(reason) {
            self = .waiting(code: reason, words: Self.joined(reason, waiting.message))
            return
        }
        if let scheduled = pod.condition("PodScheduled"), scheduled.status == "False" {
            let reason = scheduled.reason ?? "Unschedulable"
            self = .waiting(code: reason, words: Self.joined(reason, scheduled.message))
            return
        }
        self = .waiting(code: "", words: "it is being started")
    }

    private static func isProgress(_ reason: String) -> Bool {
        ["ContainerCreating", "PodInitializing", "Pulling"].contains(reason)
    }

    private static func end(of pod: Pod, _ disruption: Pod.Condition?) -> PodStanding {
        let status = pod.status
        if let reason = status?.reason, !reason.isEmpty {
            return .over(code: reason, words: joined(reason, status?.message))
        }
        if let reason = disruption?.reason {
            return .over(code: reason, words: joined(reason, disruption?.message ?? status?.message))
        }
        let container = status?.containerStatuses?.first { $0.name == PodManifest.containerName }?.state
        if let terminated = container?.terminated {
            return .over(code: terminated.reason ?? "Error", words: words(terminated))
        }
        if pod.metadata.deletionTimestamp != nil {
            return .over(code: "Deleted", words: "somebody deletes it, or its node is gone")
        }
        return .over(code: "Ended", words: "its container has ended")
    }

    private static func words(_ state: Pod.ContainerState.Terminated) -> String {
        joined(state.reason ?? "Error", state.message ?? state.exitCode.map { "status \($0)" })
    }

    private static func joined(_ reason: String, _ message: String?) -> String {
        guard let message, !message.isEmpty else { return reason }
        return message.contains(reason) ? message : "\(reason): \(message)"
    }
}
