import Glibc
import SkyCore
import SkyHTTP
import SkyProcess

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension ExecPlugin {
    /// How long a plug-in may take.
    private static let limit = Duration.seconds(60)
    private static let longestAnswer = 1 << 20

    /// Runs it, and gives what it printed.
    ///
    /// - Throws: `credentials`; what it wrote to its standard error is in the message, what it printed is not.
    func output(for access: ClusterAccess, environment: [String: String]) async throws(KubernetesError) -> [UInt8] {
        guard !isAlwaysInteractive else {
            throw failure("it wants to ask a person (interactiveMode: Always), and nobody is there to be asked")
        }
        let pipes = try makePipes()
        var variables = environment
        for variable in self.variables { variables[variable.name] = variable.value.reveal() }
        variables["KUBERNETES_EXEC_INFO"] = information(access)
        let process: SpawnedProcess
        do throws(SystemError) {
            defer { for end in [pipes.output.writing, pipes.errors.writing] { close(end) } }
            process = try ProcessSpawn(
                command, arguments, environment: variables, leadership: .session,
                standardOutput: .descriptor(pipes.output.writing), standardError: .descriptor(pipes.errors.writing)
            ).start()
        } catch {
            for end in [pipes.output.reading, pipes.errors.reading] { close(end) }
            throw failure(error.code == ENOENT ? "there is no such program. \(hint ?? "")" : "\(error)")
        }
        let alarm = Task.detached { if (try? await Task.sleep(for: Self.limit)) != nil { process.signal(SIGKILL) } }
        defer { alarm.cancel() }
        async let errors = Self.readAll(pipes.errors.reading)
        let output = await Self.readAll(pipes.output.reading)
        let said = String(decoding: await errors, as: UTF8.self).split(separator: "\n").last.map(String.init)
        let end = await process.wait()
        guard end.shellCode == 0 else {
            throw failure("it ended with \(end.shellCode): \(said ?? "it said nothing"). Run it by hand to see why")
        }
        return output
    }

    func failure(_ words: String) -> KubernetesError {
        KubernetesError(.credentials, "the exec plug-in '\(command)' of the kubeconfig: \(words)")
    }

    private typealias Pipe = (reading: Int32, writing: Int32)

    private func makePipes() throws(KubernetesError) -> (output: Pipe, errors: Pipe) {
        do throws(SystemError) {
            let output = try Descriptor.pipe()
            do throws(SystemError) { return (output, try Descriptor.pipe()) } catch {
                for end in [output.reading, output.writing] { close(end) }
                throw error
            }
        } catch { throw failure("\(error)") }
    }

    /// Until the other end is closed, without holding up a thread of Swift's pool. Closes it.
    private static func readAll(_ descriptor: Int32) async -> [UInt8] {
        defer { close(descriptor) }
        Descriptor.setNonBlocking(descriptor)
        var (all, pause) = ([UInt8](), 1)
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while all.count < longestAnswer {
            switch buffer.withUnsafeMutableBytes({ Descriptor.read(descriptor, into: $0) }) {
            case .bytes(let count): all += buffer[..<count]
            case .ended: return all
            case .wouldBlock:
                try? await Task.sleep(for: .milliseconds(pause))
                pause = min(pause * 2, 50)
            }
        }
        return all
    }

    private struct Information: Encodable {
        struct Cluster: Encodable {
            var server: String
            var certificateAuthorityData: String?

            enum CodingKeys: String, CodingKey {
                case server
                case certificateAuthorityData = "certificate-authority-data"
            }
        }

        struct Spec: Encodable {
            var interactive: Bool
            var cluster: Cluster?
        }

        var apiVersion: String
        var kind = "ExecCredential"
        var spec: Spec
    }

    /// What it is told in `KUBERNETES_EXEC_INFO`.
    private func information(_ access: ClusterAccess) -> String {
        let cluster = Information.Cluster(
            server: access.server,
            certificateAuthorityData: access.route.authorities.map { Data($0).base64EncodedString() })
        let information = Information(
            apiVersion: version, spec: .init(interactive: false, cluster: wantsCluster ? cluster : nil))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Texts only: it can always be encoded.
        return (try? encoder.encode(information)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }
}
