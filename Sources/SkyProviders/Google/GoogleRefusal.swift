import FoundationEssentials
import SkyHTTP

/// A refusal in the forms that Google's APIs have: that of Compute Engine with reasons, and that of all others with a status and
/// details.
struct GoogleRefusal {
    /// The most exact first.
    let codes: [String]
    /// What the API said, with its codes and the HTTP status.
    let text: String

    private struct Answer: Decodable {
        struct Content: Decodable {
            struct Reason: Decodable {
                let reason: String?
            }
            struct Detail: Decodable {
                let reason: String?
            }
            let message: String?
            let status: String?
            let errors: [Reason]?
            let details: [Detail]?
        }
        let error: Content
    }

    init(_ response: HTTPResponse, from service: GoogleAPI.Service) {
        let answer = try? JSONDecoder().decode(Answer.self, from: Data(response.body)).error
        let message = answer?.message ?? ""
        var named = (answer?.details ?? []).compactMap(\.reason) + (answer?.errors ?? []).compactMap(\.reason)
        if let status = answer?.status { named.append(status) }
        codes = Self.exact(named, message, of: service)
        let words = named.first.map { "\($0) (HTTP \(response.status))" } ?? "HTTP \(response.status)"
        text = message.isEmpty ? words : "\(words), \(message.prefix(1000))"
    }

    /// The same code means different things where only the text says what it is about.
    static func exact(_ codes: [String], _ message: String, of service: GoogleAPI.Service) -> [String] {
        let place = #/(machineTypes|acceleratorTypes|diskTypes|resource\.machineType)/#
        var all: [String] = []
        for code in codes where !all.contains(code) {
            if service == .tpu {
                if code == "RESOURCE_EXHAUSTED", message.lowercased().contains("quota") { all.append("tpu:QUOTA") }
                all.append("tpu:\(code)")
            }
            if let what = message.firstMatch(of: place)?.output.1 { all.append("\(code)/\(what)") }
            all.append(code)
        }
        // What a bulk of machines says of itself is less than what was wrong with one of them.
        return all.filter { !$0.hasPrefix("VM_MIN_COUNT") } + all.filter { $0.hasPrefix("VM_MIN_COUNT") }
    }

    /// `google.rpc.Code`, as a Status has it.
    static func name(ofCode code: Int) -> String {
        let names = [
            "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
            "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE",
            "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
        ]
        return names.indices.contains(code) ? names[code] : "UNKNOWN"
    }
}
