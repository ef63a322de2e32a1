import Glibc
import SkyProcess

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// One exchange with a server of this machine that closes the connection after its answer.
enum LoopbackCall {
    struct Refusal: Error, CustomStringConvertible {
        let description: String
    }

    /// What a server answers in JSON to a `POST`, or, without a body, to a `GET`.
    static func json<Answer: Decodable>(
        _ path: String, _ body: (some Encodable)?, port: Int, as type: Answer.Type
    ) throws -> Answer {
        let body = try body.map { [UInt8](try JSONEncoder().encode($0)) }
        return try JSONDecoder().decode(type, from: Data(try bytes(path, body, port: port)))
    }

    static func bytes(_ path: String, _ body: [UInt8]?, port: Int) throws -> [UInt8] {
        let head =
            "\(body == nil ? "GET" : "POST") \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\n"
            + "Content-Type: application/json\r\nContent-Length: \(body?.count ?? 0)\r\n\r\n"
        let all = try exchange(Array(head.utf8) + (body ?? []), port: port)
        guard let end = all.firstRange(of: Array("\r\n\r\n".utf8)),
            String(decoding: all.prefix(12), as: UTF8.self).hasSuffix(" 200")
        else { throw Refusal(description: "\(path): \(String(decoding: all.prefix(300), as: UTF8.self))") }
        return Array(all[end.upperBound...])
    }

    private static func exchange(_ request: [UInt8], port: Int) throws -> [UInt8] {
        guard let connection = connection(to: port) else { throw SystemError.last("reach port \(port)") }
        defer { close(connection) }
        guard send(connection, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
            throw SystemError.last("reach port \(port)")
        }
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return all }
            all += buffer[..<count]
        }
    }
}
