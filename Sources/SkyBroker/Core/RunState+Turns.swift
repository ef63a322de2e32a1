import SkyCore
import SkySpec

/// Whose turn it is.
extension RunState {
    /// Changes one stage and keeps the books on who is at work, who has ended and who may begin.
    mutating func update(_ index: Int, _ body: (inout StageState) -> Void) {
        let (before, serial) = (stages[index].part, stages[index].serial)
        body(&stages[index])
        let now = stages[index].part
        tally.replace(before, by: now)
        touched.append(index)
        if stages[index].serial != serial {
            if stages[index].phase == .provisioning { asking.append(index) }
            if stages[index].phase == .yielding { yielding.append(index) }
        }
        if now.isDone, !before.isDone { graph.after[index].forEach { enqueueIfReady($0) } }
        if stages[index].phase == .waiting { enqueueIfReady(index) }
    }

    /// Stages that began with inputs which have been lost since wait until these are made again.
    mutating func holdBackUnfed(at: Instant) {
        guard hasLostOutputs, stopping == nil else { return }
        for index in stages.indices where stages[index].isBeforeReading && lacksInputs(index) {
            update(index) { $0.waitForInputs(at: at) }
        }
    }

    private func lacksInputs(_ index: Int) -> Bool {
        launch.pipeline.stages[index].inputs.contains { input in
            guard case .output(let maker, _) = input.source, let index = graph.index[maker] else { return false }
            return !stages[index].isDone
        }
    }

    mutating func update(_ name: String, _ body: (inout StageState) -> Void) {
        guard let index = graph.index[name] else { return }
        update(index, body)
    }

    /// Only if the attempt is the stage's current one, or the one that is to take over from it.
    mutating func update(_ id: AttemptID, _ body: (inout StageState) -> Void) {
        guard let index = graph.index[id.stage],
            stages[index].isCurrent(id) || stages[index].isHandover(id)
        else { return }
        update(index, body)
    }

    private mutating func enqueueIfReady(_ index: Int) {
        guard stopping == nil, stages[index].phase == .waiting,
            graph.before[index].allSatisfy({ stages[$0].isDone })
        else { return }
        let place = queue.firstIndex { $0 >= index } ?? queue.endIndex
        guard place == queue.endIndex || queue[place] != index else { return }
        queue.insert(index, at: place)
    }

    /// Begins stages whose turn has come, those that stand first in the file first.
    mutating func startQueued(at: Instant) {
        guard stopping == nil, !isHalted, !isWindingDown, !queue.isEmpty else { return }
        let limit = launch.pipeline.maxParallel ?? .max
        var begun = 0
        for index in queue {
            guard tally.busy < limit else { break }
            begun += 1
            // What it waited for may have been lost since.
            guard stages[index].phase == .waiting, graph.before[index].allSatisfy({ stages[$0].isDone }) else {
                continue
            }
            begin(index, at: at)
        }
        queue.removeFirst(begun)
    }

    private mutating func begin(_ index: Int, at: Instant) {
        let run = self.run
        let runsAnew = launch.options?.runAnew.contains(stages[index].name) ?? false
        update(index) { stage in
            stage.startedAt = stage.startedAt ?? at
            guard runsAnew else { return stage.enter(.lookingUp, at: at) }
            stage.why = stage.why ?? "asked to run anew"
            stage.proceed(run: run, at: at)
        }
    }
}
