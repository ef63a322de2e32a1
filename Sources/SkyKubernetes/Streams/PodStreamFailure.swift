import SkyHTTP

/// Why a command in a pod, or a connection to one of its ports, did not come about or did not come to its end.
public enum PodStreamFailure: Error, Hashable, Sendable {
    /// The cluster does not let it be; nothing has begun.
    case refused(KubernetesError)
    /// There is no such pod, or its container does not run (any more).
    case gone(String)
    /// Nobody answers; nothing has begun.
    case unreachable(String)
    /// The connection broke in the middle: what has become of the command is not known.
    case broken(String)

    init(_ refusal: WebSocket.Refusal, _ asked: String) {
        switch refusal {
        case .answer(let response):
            let error = KubernetesError(asked, response)
            // Servers say a container that does not run in several ways: 400, or 500 with the words of whoever runs containers.
            let words = error.message.lowercased()
            let isGone =
                ["container not found", "unable to upgrade connection: pod", "does not exist", "not running"].contains {
                    words.contains($0)
                } || words.contains("completed pod")
            switch response.status {
            case 404: self = .gone(error.message)
            case 400 where isGone, 500 where isGone: self = .gone(error.message)
            case 401, 403, 400: self = .refused(error)
            default: self = .unreachable(error.message)
            }
        case .failure(let error):
            self = error.kind == .tls ? .refused(KubernetesError(error)) : .unreachable(error.message)
        }
    }
}
