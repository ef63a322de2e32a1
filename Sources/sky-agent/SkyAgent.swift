import SkyRuntime

@main
enum SkyAgent {
    static func main() { AgentProgram.runAndExit(CommandLine.arguments) }
}
