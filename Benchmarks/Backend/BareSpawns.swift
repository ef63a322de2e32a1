import Glibc
import SkyProcess

/// What one of many costs.
struct Cost {
    /// How many ended in a second.
    var rate: Double
    /// Milliseconds of processor time for each.
    var processor: Double

    static func of(_ count: Int, _ body: () throws -> Void) rethrows -> Cost {
        let (processor, start) = (ProcessorTime.now(), ContinuousClock.now)
        try body()
        return Cost(count, since: start, processor)
    }

    init(_ count: Int, since start: ContinuousClock.Instant, _ processor: ProcessorTime) {
        rate = Double(count) / (ContinuousClock.now - start).seconds
        self.processor = (ProcessorTime.now().seconds - processor.seconds) * 1000 / Double(count)
    }
}

/// What the machine can do at best: processes started and waited for, with nothing around them.
enum BareSpawns {
    /// Starts `count` times the command, `atOnce` at a time, and returns what each cost.
    static func rate(of command: [String], count: Int, atOnce: Int) throws -> Cost {
        let spawn = ProcessSpawn(command[0], Array(command.dropFirst()), standardOutput: .null, standardError: .null)
        return try Cost.of(count) {
            var (started, ended) = (0, 0)
            while ended < count {
                while started < count, started - ended < atOnce {
                    _ = try spawn.startUnmanaged()
                    started += 1
                }
                var status: Int32 = 0
                if waitpid(-1, &status, 0) > 0 { ended += 1 }
            }
        }
    }
}

/// Processor time of this process and of all its children that have ended, and theirs.
struct ProcessorTime {
    let seconds: Double

    static func now() -> ProcessorTime {
        func seconds(_ who: __rusage_who) -> Double {
            var usage = rusage()
            getrusage(__rusage_who_t(who.rawValue), &usage)
            return [usage.ru_utime, usage.ru_stime].reduce(0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) * 1e-6 }
        }
        return ProcessorTime(seconds: seconds(RUSAGE_SELF) + seconds(RUSAGE_CHILDREN))
    }
}

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
    var milliseconds: Double { seconds * 1000 }
}
