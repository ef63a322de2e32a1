import SkyBroker
import SkyCore
import SkyPlacement

/// What people do to runs, and what is in store for a run's broker.
extension World {
    /// What the run will meet whatever it does: people who stop it, and deaths of its broker while it waits.
    func scheduleLife(of run: SimulatedRun) {
        let length = max(run.launch.plan.totalTime, .seconds(600))
        func moment(_ count: Int) -> Instant {
            now + span(Decision(Matter.person, run: run.index, count: count), .zero, length + length)
        }
        if gate.strikes(.cancel, run: run.index, at: now) {
            expect(.stop(.cancel), to: run, at: moment(1))
        }
        if gate.strikes(.down, run: run.index, at: now) {
            expect(.stop(.down), to: run, at: moment(2))
        }
        for number in 1...2 where gate.strikes(.stop, run: run.index, count: number, at: now) {
            let begin = moment(16 + number)
            expect(.halt(number: number), to: run, at: begin)
            let rest = span(
                Decision(Matter.person, run: run.index, count: 32 + number), .zero, TimeSpan.seconds(4 * 3600))
            expect(.start(afterHalt: number), to: run, at: begin + rest)
        }
        for count in 0..<8 where gate.strikes(.kill, run: run.index, count: count, at: now) {
            queue.push(.kill(run: run.index), at: moment(8 + count))
        }
    }

    /// A service that serves is taken down some time, by whoever launched it.
    func lookForService(_ run: SimulatedRun) {
        guard run.hasService, !run.isDownAsked, run.state.tally.serving > 0, run.state.status == .serving else {
            return
        }
        run.isDownAsked = true
        let serves = span(Decision(Matter.person, run: run.index, count: 3), .seconds(60), .seconds(36_000))
        expect(.stop(.down), to: run, at: now + serves)
    }

    /// A person will do this.
    func expect(_ act: PersonAct, to run: SimulatedRun, at moment: Instant) {
        acts.append(act)
        queue.push(.person(run: run.index, number: acts.count - 1), at: moment)
    }

    /// What people ask is in the journal's database, so that a broker that starts later finds it.
    func person(does act: PersonAct, to run: SimulatedRun) {
        guard !run.isOver else { return }
        let event: RunEvent =
            switch act {
            case .stop(let reason): .stopRequested(reason)
            case .halt(let number): .haltRequested(number: number)
            case .start(let number): .startRequested(number: number)
            case .answer(let question, let isYes): .answered(question, isYes: isYes)
            }
        run.requests.append(event)
        put(event, to: run)
    }
}
