import Glibc
public import SkyHTTP

/// A connection to a port that something in a pod listens at, carried by the API server.
public struct PodConnection: Sendable {
    public var pod: String

    public init(pod: String) { self.pod = pod }

    private static let data: UInt8 = 0
    private static let errors: UInt8 = 1
    /// The port's number comes first on each of its streams.
    private static let prefix = 2
    /// How long the other side may go on once ours is done: there is no way to tell it.
    private static let grace = Duration.seconds(30)

    /// Carries bytes both ways until the other side is done. Blocks the thread.
    ///
    /// - Parameters:
    ///   - request: from `KubernetesClient.request`.
    ///   - socket: a connection of this machine, not blocking; stays open.
    public func carry(_ request: HTTPRequest, _ socket: Int32) throws(PodStreamFailure) {
        let web: WebSocket
        do throws(WebSocket.Refusal) { web = try WebSocket(request, protocols: ["v4.channel.k8s.io"]) } catch {
            throw PodStreamFailure(error, "reach a port of pod \(pod)")
        }
        let stream = PodStream(
            web, source: socket, targets: [Self.data: .descriptor(socket), Self.errors: .kept],
            prefixes: [Self.data: Self.prefix, Self.errors: Self.prefix])
        var deadline: ContinuousClock.Instant?
        while !stream.isOver {
            if try stream.turn(waiting: .seconds(5)) { deadline = .now + Self.grace }
            if let said = stream.kept[Self.errors], !said.isEmpty, !stream.hasWaiting {
                throw .broken(String(decoding: said, as: UTF8.self))
            }
            if let deadline, ContinuousClock.now > deadline { break }
        }
        stream.close()
    }
}
