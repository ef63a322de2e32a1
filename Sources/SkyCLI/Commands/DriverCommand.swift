import ArgumentParser
import Glibc
import SkyBroker
import SkyCore
import SkyProcess

/// The process in which runs go on when nobody watches.
struct DriverCommand: SkySubcommand {
    static let configuration = CommandConfiguration(
        commandName: "driver",
        abstract: "Drive a run until it has ended, or all runs in one process.",
        discussion: """
            Other commands start a driver for each run by themselves. Where there are many runs, one process can drive \
            them all: while `sky driver --all --stay` is there, runs that are launched are left to it, but for those with \
            secrets that are not in its environment. It can be killed at any time: the next one goes on where it was.

            EXAMPLES
              sky driver support-tickets-7k2m
              sky driver --all               until the last run has ended
              sky driver --all --stay        for ever, as a service would
            """)

    @Argument(help: "The run; see `sky status`.")
    var run: String?

    @Flag(help: "Drive all runs that nobody drives.")
    var all = false

    @Flag(help: "With --all: wait for more when there are none.")
    var stay = false

    /// See `DriverProcess`.
    @Flag(name: .customLong("variables-on-input"), help: .hidden)
    var readsVariables = false

    func validate() throws {
        guard (run != nil) != all else { throw ValidationError("name a run, or say --all") }
        guard all || !stay else { throw ValidationError("--stay goes with --all") }
    }

    func execute(in context: CommandContext) throws -> ExitStatus {
        let folder = StateFolder(path: try context.paths().state)
        guard let run else { return try driveAll(in: folder, context) }
        guard let run = RunID(run) else {
            throw CommandFailure(.wrongRequest, "'\(run)' is no run", hints: ["sky status"])
        }
        guard let lock = try DriverLock(run: run, folder: folder) else { return .done }
        let driver = try RunDriver(run: run, world: try world(folder, context))
        let id = getpid()
        _ = try AsyncWork.run { try await driver.drive(processID: id) }
        _ = consume lock
        return .done
    }

    private func driveAll(in folder: StateFolder, _ context: CommandContext) throws -> ExitStatus {
        OpenFiles.allowAsManyAsPossible()
        let fleet = Fleet(world: try world(folder, context), processID: getpid())
        let stays = stay
        let ending = try AsyncWork.run { try await fleet.drive(staying: stays) }
        guard ending == .nothingLeft else {
            throw CommandFailure(
                .wrongRequest, "another process drives all runs of \(folder.path)", hints: ["sky status"])
        }
        return .done
    }

    private func world(_ folder: StateFolder, _ context: CommandContext) throws -> DriverWorld {
        let journal = try Journal(path: folder.journal)
        let (out, now) = (context.console.out, context.now)
        var world = try DriverComposition.world(folder: folder, journal: journal, in: context) { line in
            // A log that cannot be written is no reason to stop what people pay for.
            try? out.line("\(now().millisecondsSince1970) \(line)")
        }
        if readsVariables {
            world.environment.merge(try HandedVariables.read(from: STDIN_FILENO)) { _, handed in handed }
        }
        return world
    }
}
