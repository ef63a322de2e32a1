import SkyCore
import SkyHTTP

/// These APIs do not say whose key it is: that it is taken is what can be found out.
extension RESTCloud: IdentifyingCloud {
    func identity() async throws(ProviderError) -> CloudIdentity {
        _ = try await listed()
        return CloudIdentity(name: "somebody that \(provider) knows", source: description.auth.places)
    }

    /// What can be told from the description alone.
    func obstacles(to requests: [NodeGroupRequest]) async throws(ProviderError) -> [String] {
        var obstacles: [String] = []
        for request in requests {
            do throws(ProviderError) { try check(request) } catch {
                if !obstacles.contains(error.message) { obstacles.append(error.message) }
            }
        }
        return obstacles
    }
}

extension RESTAuth {
    /// Where its secrets are looked for; nil where there are none.
    var places: String? {
        switch self {
        case .none: nil
        case .bearer(let secret), .header(_, let secret): secret.places
        case .basic(let user, _): user.places
        case .clientCredentials(_, let id, _): id.places
        }
    }
}
