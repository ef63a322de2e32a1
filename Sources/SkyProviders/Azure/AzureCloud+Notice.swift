import SkyCore
import SkyHTTP
import SkyProcess

/// Azure's Scheduled Events: that a spot machine will be taken is told inside the machine, half a minute before, and nowhere else.
extension AzureCloud {
    func notice(of machine: CloudMachine) -> MachineNotice? {
        guard machine.isSpot else { return nil }
        let service = settings["metadata"] ?? "http://169.254.169.254"
        let url = "\(service)/metadata/scheduledevents?api-version=2020-07-01"
        // The service is on the machine's own link: a proxy would not find it.
        return MachineNotice(
            command: "curl -sf -m 3 --noproxy '*' -H Metadata:true \(ShellWords.quoted(url))",
            moment: { AzureScheduledEvents.taking(of: machine.id, in: $0, now: SystemScriptClock().now()) })
    }
}

enum AzureScheduledEvents {
    /// When the machine of this name will be taken. Events of other machines may be told with its own.
    static func taking(of machine: String, in output: String, now: Instant) -> Instant? {
        let events = JSONValue(Array(output.utf8))?["Events"]?.elements ?? []
        return events.compactMap { event -> Instant? in
            let names = event["Resources"]?.elements?.compactMap(\.text) ?? []
            guard event["EventType"]?.text == "Preempt",
                names.contains(where: { $0.lowercased() == machine.lowercased() })
            else { return nil }
            // There is no moment any more once it has begun.
            return event["NotBefore"]?.text.flatMap { AzureMoment.instant(ofEvent: $0) } ?? now
        }.min()
    }
}
