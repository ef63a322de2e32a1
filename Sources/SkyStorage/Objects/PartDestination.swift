import SkyCore
import SkyHTTP

/// Where an answer goes that is part of an object: bytes `part` of it become bytes `part` of the file.
struct PartDestination: Sendable {
    let path: String
    let part: Range<Int64>
}

extension HTTPClient {
    /// - Parameter destination: nil for an answer that is kept in memory.
    func send(_ request: HTTPRequest, to destination: PartDestination?) async throws(HTTPError) -> HTTPResponse {
        guard let destination else { return try await send(request) }
        return try await fetch(request, part: destination.part, into: destination.path)
    }
}

extension HTTPRetries {
    /// Bodies of files may take long, and are watched for standing still instead.
    static let ofFiles = HTTPRetries(deadline: .seconds(1800))
}
