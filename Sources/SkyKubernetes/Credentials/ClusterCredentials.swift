import Glibc
public import SkyCore
public import SkyHTTP
import SkyProcess

/// Gives whoever calls a cluster what it shows there: found at the first use, found again before it ends.
public actor ClusterCredentials {
    /// What a call carries.
    public struct Pass: Hashable, Sendable {
        /// With the certificate, if there is one.
        public var route: HTTPRoute
        public var token: Secret?
    }

    private let access: ClusterAccess
    private let environment: [String: String]
    private let cache: PluginCache
    private let now: @Sendable () -> Instant
    private var given: ExecCredential?
    private var search: Task<Result<ExecCredential, KubernetesError>, Never>?

    /// - Parameters:
    ///   - environment: that plug-ins get.
    ///   - cacheFolder: where what plug-ins give is kept for other processes of this user; nil for nowhere.
    public init(
        _ access: ClusterAccess, environment: [String: String], cacheFolder: String?,
        now: (@Sendable () -> Instant)? = nil
    ) {
        self.access = access
        self.environment = environment
        self.now = now ?? { .current }
        cache = PluginCache(folder: cacheFolder)
    }

    public func pass() async throws(KubernetesError) -> Pass {
        switch access.credentials {
        case .none: return Pass(route: access.route)
        case .token(let token): return Pass(route: access.route, token: token)
        case .tokenFile(let path): return Pass(route: access.route, token: try Self.token(in: path))
        case .plugin(let plugin):
            let credential = try await credential(of: plugin)
            var route = access.route
            if let certificate = credential.certificate { route.certificate = Array(certificate.utf8) }
            if let key = credential.key { route.key = key }
            return Pass(route: route, token: credential.token)
        }
    }

    /// The cluster does not know what `pass` gave.
    ///
    /// - Returns: whether there may be something better now.
    public func forget() -> Bool {
        guard case .plugin(let plugin) = access.credentials else { return false }
        given = nil
        cache.forget(plugin, access)
        return true
    }

    private static func token(in path: String) throws(KubernetesError) -> Secret {
        let bytes: [UInt8]?
        do { bytes = try Files.read(path) } catch {
            throw KubernetesError(.credentials, "the token in \(path) cannot be read: \(error)")
        }
        let text = String(decoding: bytes ?? [], as: UTF8.self).filter { !$0.isWhitespace }
        guard !text.isEmpty else { throw KubernetesError(.credentials, "there is no token in \(path)") }
        return Secret(text)
    }

    private func credential(of plugin: ExecPlugin) async throws(KubernetesError) -> ExecCredential {
        if let given, given.expires.map({ now() + PluginCache.margin < $0 }) ?? true { return given }
        if let kept = cache.load(plugin, access, now: now()) {
            given = kept
            return kept
        }
        // One run for everybody who waits; whoever is cancelled leaves it to the others.
        let search =
            self.search
            ?? Task { [access, environment, cache] in await Self.find(plugin, access, environment, cache) }
        self.search = search
        let result = await search.value
        if self.search == search { self.search = nil }
        given = try result.get()
        return try result.get()
    }

    private static func find(
        _ plugin: ExecPlugin, _ access: ClusterAccess, _ environment: [String: String], _ cache: PluginCache
    ) async -> Result<ExecCredential, KubernetesError> {
        do throws(KubernetesError) {
            let output = try await plugin.output(for: access, environment: environment)
            let credential: ExecCredential
            do throws(ExecCredential.Problem) {
                credential = try ExecCredential(output, version: plugin.version)
            } catch { throw plugin.failure(error.words) }
            cache.save(output, credential, plugin, access)
            return .success(credential)
        } catch { return .failure(error) }
    }
}

extension Instant {
    /// By this machine's clock.
    static var current: Instant {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Instant(millisecondsSince1970: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }
}
