import ArgumentParser
import Glibc
import SkyProviders

/// The way to nodes that are pods: other commands start it, as they start OpenSSH for hosts.
struct KubernetesExecCommand: SkySubcommand {
    static let configuration = CommandConfiguration(
        commandName: "kubernetes-exec", abstract: "Run a command in a pod, with this command's own streams.",
        usage: "sky kubernetes-exec --context <context> --pod <pod> … -- <command>",
        discussion: """
            What `kubectl exec` would do, for the pods of a run: other commands start it.

            EXAMPLES
              sky kubernetes-exec --context prod --kubeconfig config --namespace ml --pod p -- hostname
            """, shouldDisplay: false)

    @Option var context: String
    /// Files, joined by colons.
    @Option var kubeconfig: String
    @Option var cache: String?
    @Option var namespace: String
    @Option var pod: String
    @Flag var noInput = false
    @Flag var terminal = false
    @Argument(parsing: .postTerminator) var command: [String]

    func execute(in context: CommandContext) throws -> ExitStatus {
        let way = ClusterWay(
            context: self.context, kubeconfigs: kubeconfig.split(separator: ":").map(String.init), cacheFolder: cache,
            environment: context.environment)
        let exec = PodExec(
            way, namespace: namespace, pod: pod, command: command, hasInput: !noInput, hasTerminal: terminal)
        // The command's own status, whatever it is.
        Glibc.exit(try AsyncWork.run { await exec.run() })
    }
}
