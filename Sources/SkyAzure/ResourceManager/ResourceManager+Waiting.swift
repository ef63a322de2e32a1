import FoundationEssentials
import SkyCore
import SkyHTTP

extension ResourceManager {
    private struct Operation: Decodable {
        let status: String
        let error: Fault?
    }

    private struct Resource: Decodable {
        struct Properties: Decodable { let provisioningState: String? }
        let properties: Properties?
    }

    private enum Progress { case done, underway, failed(Fault?) }

    /// Makes the call and waits until what it began has ended.
    ///
    /// - Throws: also what it ended with, and after ten minutes of waiting.
    public func complete(_ call: Call) async throws(ResourceManagerError) {
        var response = try await accepted(call)
        let operation = try await place(of: response)
        var progress = Self.progress(of: response, at: operation, resource: true)
        let end = ContinuousClock.now + .seconds(600)
        var pause: Int64 = 100
        while true {
            switch progress {
            case .done: return
            case .failed(let fault): throw ResourceManagerError(call.title, failed: fault)
            case .underway: break
            }
            guard ContinuousClock.now < end else {
                throw ResourceManagerError(.noAnswer, "\(call.title) is still under way after 10 minutes")
            }
            // Azure says how often it wants to be asked; where it does not, nearly at once at first.
            let asked = response.headers["Retry-After"].flatMap { Int64($0) }.map { min(max($0, 0), 120) * 1000 }
            do { try await Task.sleep(for: .milliseconds(max(asked ?? 0, pause))) } catch {
                throw ResourceManagerError(.cancelled, "\(call.title): cancelled while Azure was at it")
            }
            pause = min(pause * 3 / 2, 5000)
            (response, progress) = try await look(at: operation, call)
        }
    }

    /// Azure refuses for moments what touches something that somebody else is changing just now.
    private func accepted(_ call: Call) async throws(ResourceManagerError) -> HTTPResponse {
        let busy: Set = ["AnotherOperationInProgress", "RetryableError", "ReferencedResourceNotProvisioned"]
        let end = ContinuousClock.now + .seconds(60)
        while true {
            let response = try await answer(call)
            if response.isSuccess { return response }
            let failure = ResourceManagerError(call.title, response)
            guard failure.codes.contains(where: busy.contains), ContinuousClock.now < end else { throw failure }
            do { try await Task.sleep(for: .milliseconds(Int64.random(in: 500...1500))) } catch {
                throw ResourceManagerError(.cancelled, "\(call.title): cancelled while somebody else was at it")
            }
        }
    }

    private func look(
        at operation: String?, _ call: Call
    ) async throws(ResourceManagerError) -> (HTTPResponse, Progress) {
        if let operation {
            let response = try await send(.get, operation)
            guard response.isSuccess else { throw ResourceManagerError(call.title, response) }
            return (response, Self.progress(of: response, at: operation, resource: false))
        }
        let response = try await answer(Call(.get, call.path, version: call.version))
        // What was to be deleted is.
        if response.status == 404 { return (response, .done) }
        guard response.isSuccess else { throw ResourceManagerError(call.title, response) }
        return (response, Self.progress(of: response, at: nil, resource: true))
    }

    /// Where to ask how it goes; nil for the resource itself. Our token goes there, so it must be the same host.
    private func place(of response: HTTPResponse) async throws(ResourceManagerError) -> String? {
        let origin = try await origin()
        let named = response.headers["Azure-AsyncOperation"] ?? response.headers["Location"]
        return named.flatMap { Self.isOurs($0, origin) ? $0 : nil }
    }

    private static func progress(of response: HTTPResponse, at operation: String?, resource: Bool) -> Progress {
        let data = Data(response.body)
        if !resource, let status = try? JSONDecoder().decode(Operation.self, from: data) {
            return state(status.status, status.error)
        }
        if resource, operation != nil { return .underway }
        if response.status == 202 { return .underway }
        let found = try? JSONDecoder().decode(Resource.self, from: data)
        return state(found?.properties?.provisioningState ?? "Succeeded", nil)
    }

    private static func state(_ word: String, _ fault: Fault?) -> Progress {
        switch word.lowercased() {
        case "succeeded": .done
        case "failed", "canceled": .failed(fault)
        default: .underway
        }
    }
}
