import SkyCore
import SkyRuntime
import Testing

@testable import SkyProviders

@Suite("What OpenSSH complains about")
struct SSHFailureTests {
    private static let changed = """
        @@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
        @    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
        @@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
        IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!
        Host key verification failed.
        """

    @Test(
        "is sorted into what to do about it",
        arguments: [
            (
                "ssh: connect to host 10.0.0.9 port 22: Connection refused", ProviderError.Kind.transient,
                "does not answer"
            ),
            ("ssh: connect to host 10.0.0.9 port 22: No route to host", .transient, "No route to host"),
            ("ssh: Could not resolve hostname node7: Name or service not known", .transient, "Could not resolve"),
            ("kex_exchange_identification: read: Connection reset by peer\r\n", .transient, "Connection reset"),
            ("", .transient, "without a word"),
            ("train@node1: Permission denied (publickey).", .credentials, "`ssh-copy-id -p 2222 train@node1`"),
            ("Received disconnect from 1.2.3.4: Too many authentication failures", .credentials, "ssh-copy-id"),
            (
                "No ED25519 host key is known for node1 and you have requested strict checking.\nHost key verification failed.",
                .credentials, "type `ssh -p 2222 train@node1 true` and answer yes"
            ),
            (changed, .credentials, "`ssh-keygen -R '[node1]:2222'`"),
            (
                "/home/me/.ssh/config: line 3: Bad configuration option: prot\nterminating, 1 bad configuration options",
                .badRequest, "cannot be used"
            ),
        ] as [(String, ProviderError.Kind, String)])
    func sorting(complaint: String, kind: ProviderError.Kind, words: String) {
        var host = SSHHost(pool: "rack", name: "node1", shape: SSHShape(cores: 1, memoryGiB: 1))
        (host.user, host.port) = ("train", 2222)
        let error = SSHFailure(complaint: complaint).providerError("ssh", host, SSHOptions(controlFolder: "/tmp/x"))
        #expect(error.kind == kind, "\(error)")
        #expect(error.message.contains(words), "\(error)")
    }

    @Test("a host's own refusals have a kind, and only those that pass are waited for")
    func hosts() {
        let kinds: [(HostFailure.Kind, ProviderError.Kind, Bool)] = [
            (.lost, .lost, false), (.held, .noCapacity, false), (.noSpace, .noCapacity, false),
            (.badPath, .badRequest, false), (.damaged, .transient, true), (.system, .transient, false),
        ]
        for (kind, expected, mayPass) in kinds {
            let failure = SSHFailure.host(HostFailure(kind, "x"))
            #expect(failure.kind == expected && failure.mayPass == mayPass, "\(kind)")
        }
    }

    @Test("sockets of shared connections fit where sockets have to fit, and differ by whatever leads elsewhere")
    func sockets() {
        let options = SSHOptions(controlFolder: "/run/user/1000/sky-ssh")
        var host = SSHHost(pool: "rack", name: "node1", shape: SSHShape(cores: 1, memoryGiB: 1))
        var paths = [options.socket(of: host)]
        host.user = "a"
        paths.append(options.socket(of: host))
        host.port = 23
        paths.append(options.socket(of: host))
        host.sshConfig = "/x"
        paths.append(options.socket(of: host))
        #expect(Set(paths).count == 4)
        #expect(paths.allSatisfy { $0.utf8.count <= SSHOptions.longestSocket })
    }

    @Test("a login shell that talks before does no harm to a reply")
    func noise() throws {
        let reply = HostReply(failure: HostFailure(.held, "held by \"x\"\n"))
        #expect(HostReply(in: "Welcome!\n@sky nonsense\n\(reply.line)") == reply)
        #expect(HostReply(in: "Welcome!\n") == nil)
    }
}
