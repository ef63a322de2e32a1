import ArgumentParser
import Glibc
import SkyBroker
import SkyCore

/// The process in which a run goes on when nobody watches. Started by the other commands.
struct DriverCommand: SkySubcommand {
    static let configuration = CommandConfiguration(
        commandName: "driver",
        abstract: "Drive a run until it has ended. Other commands start this by themselves.",
        discussion: """
            EXAMPLES
              sky driver support-tickets-7k2m
            """,
        shouldDisplay: false)

    @OptionGroup var about: RunArgument

    func execute(in context: CommandContext) throws -> ExitStatus {
        guard let run = RunID(about.run) else {
            throw CommandFailure(.wrongRequest, "'\(about.run)' is no run", hints: ["sky status"])
        }
        let folder = StateFolder(path: try context.paths().state)
        guard let lock = try DriverLock(run: run, folder: folder) else { return .done }
        let journal = try Journal(path: folder.journal)
        let clock = try RunClock.drive(run, in: folder, wall: context.now()) { () throws(JournalError) in
            try journal.events(of: run).last?.at
        }
        let (out, now) = (context.console.out, clock.now)
        var world = try DriverComposition.world(folder: folder, journal: journal, in: context) { line in
            // A log that cannot be written is no reason to stop what people pay for.
            try? out.line("\(now().millisecondsSince1970) \(line)")
        }
        world.now = clock.now
        let driver = try RunDriver(run: run, world: world)
        let id = getpid()
        _ = try AsyncWork.run { try await driver.drive(processID: id) }
        _ = consume lock
        return .done
    }
}
