import SkyBroker
import SkyCore
import SkyProviders
import SkyRuntime

/// What jobs beside a stage's own are called: to the agent, and to people.
enum NodeJobName {
    private static let letters = Array("23456789bcdfghjkmnpqrstvwxz")

    static func fresh(beside job: String) -> String {
        let end = (0..<6).map { _ in letters.randomElement() ?? "x" }
        return "\(job)--exec-\(String(end))"
    }

    /// The stage's own keeps its whole name.
    static func short(_ id: String, beside job: String) -> String {
        let prefix = "\(job)--exec-"
        return id.hasPrefix(prefix) ? String(id.dropFirst(prefix.count)) : id
    }

    static func full(_ name: String, beside job: String) -> String { "\(job)--exec-\(name)" }
}

/// Shows what a job prints, each stream on its own, until the job has ended. A connection that breaks is made again.
struct NodeJobFollower: Sendable {
    let channel: any NodeChannel
    let output: any TextOutput
    let errors: any TextOutput

    func follow(_ id: String) async throws -> JobEnd {
        var (offset, stream) = (Int64(0), LogStream.output)
        var failures = 0
        while true {
            do {
                let agent = try await channel.connect()
                for try await chunk in agent.logs(ofJob: id, from: offset, follow: true) {
                    failures = 0
                    try show(chunk, &stream)
                    offset = chunk.offset + Int64(chunk.bytes.count)
                }
                let end = try await agent.waitForEnd(ofJob: id)
                await agent.close()
                return end
            } catch let error as AgentError where error.kind == .disconnected {
                failures += 1
                guard failures < 5, !Task.isCancelled else { throw error }
                try await Task.sleep(for: .milliseconds(200 * failures))
            }
        }
    }

    private func show(_ chunk: LogChunk, _ stream: inout LogStream) throws {
        var position = chunk.offset
        let end = chunk.offset + Int64(chunk.bytes.count)
        for mark in chunk.marks + [LogMark(offset: end, stream: .output, at: Instant(millisecondsSince1970: 0))] {
            if mark.offset > position {
                let bytes = chunk.bytes[Int(position - chunk.offset)..<Int(mark.offset - chunk.offset)]
                try (stream == .output ? output : errors).write(Array(bytes))
                position = mark.offset
            }
            if mark.offset < end { stream = mark.stream }
        }
    }
}
