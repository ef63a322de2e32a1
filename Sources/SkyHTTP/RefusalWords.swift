extension HTTPResponse {
    /// What a service's refusal is for people: `PUT s3://b/k: NoSuchBucket (HTTP 404), there is none, request 4Z`.
    ///
    /// - Parameters:
    ///   - asked: what was asked of it.
    ///   - code: the service's own word; empty where it has none.
    ///   - said: what else it said; empty texts are left out.
    ///   - id: of the request, where it stands elsewhere than services have it usually.
    public func refusal(of asked: String, code: String, said: String..., id: String? = nil) -> String {
        let details =
            [code.isEmpty ? "HTTP \(status)" : "\(code) (HTTP \(status))"] + said
            + [(requestID ?? id).map { "request \($0)" } ?? ""]
        return "\(asked): " + details.filter { !$0.isEmpty }.joined(separator: ", ")
    }
}
