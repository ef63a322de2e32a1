import SkyCore
import SkyYAML

/// Decides what a file is (a pipeline, one task, a chain of tasks) and reads it into a draft.
struct DocumentReader {
    let reading: Reading
    /// What to call a pipeline that does not say.
    let defaultName: String

    /// Nil after a complaint that leaves nothing to check further.
    func read(_ documents: [YAMLNode]) -> PipelineDraft? {
        let given = documents.filter { !$0.isNull }
        for document in given where document.mapping == nil {
            reading.error(
                "spec.wrong-type", at: document.range, "the file holds \(document.kindName)",
                expected: "a mapping with 'stages', or with 'run'")
            return nil
        }
        guard let first = given.first else {
            reading.error(
                "spec.empty", at: nil, "the file is empty", expected: "a mapping with 'stages', or with 'run'")
            return nil
        }
        if given.count == 1 {
            guard stages(in: first) == nil else { return pipeline(first) }
            reading.mayLookInWorkingDirectory = true
            return single(first)
        }
        for document in given where document["stages"] != nil {
            reading.error(
                "spec.conflict", at: document.mapping?.first { $0.key == "stages" }?.keyRange,
                "'stages' in a file with several documents", expected: "one document with all stages")
            return nil
        }
        reading.mayLookInWorkingDirectory = true
        return chain(given)
    }

    /// The key that holds the stages, also when it is misspelt: then the stages are still worth checking.
    private func stages(in document: YAMLNode) -> YAMLNode.Entry? {
        let entries = document.mapping ?? []
        if let exact = entries.first(where: { $0.key == "stages" }) { return exact }
        let known = Set(StageFields.task.fieldNames)
        return entries.first { entry in
            !known.contains(entry.key) && entry.value.mapping != nil
                && nearestName(to: entry.key, among: known.union(["stages"])) == "stages"
        }
    }

    private func pipeline(_ document: YAMLNode) -> PipelineDraft {
        var draft = PipelineDraft()
        guard let found = stages(in: document), found.key != "stages" else {
            PipelineFields.section.read(document, into: &draft, at: document.start, reading)
            return draft
        }
        reading.error(
            "spec.unknown-field", at: found.keyRange, "unknown field '\(found.key)' in the pipeline",
            help: "did you mean 'stages'?")
        let entries = (document.mapping ?? []).map { entry in
            entry.key == found.key
                ? YAMLNode.Entry(key: "stages", keyRange: entry.keyRange, value: entry.value) : entry
        }
        let mended = YAMLNode(content: .mapping(entries), range: document.range)
        PipelineFields.section.read(mended, into: &draft, at: document.start, reading)
        return draft
    }

    private func single(_ document: YAMLNode) -> PipelineDraft {
        var task = StageDraft(name: Located("", document.start))
        task.wrongFields = StageFields.task.read(document, into: &task, at: document.start, reading)
        let name = task.taskName ?? defaultName
        task.name.value = Names.stage(from: name) ?? "task"
        task.mayDoNothing = asksForSomething(document)
        var draft = PipelineDraft(name: task.taskName, objective: task.objective, stages: [task])
        draft.policy = task.policy
        draft.rules = task.rules
        return draft
    }

    private func chain(_ documents: [YAMLNode]) -> PipelineDraft {
        var draft = PipelineDraft()
        var tasks = documents[...]
        let headFields = PipelineFields.chainHead.fieldNames
        if let head = documents.first, (head.mapping ?? []).allSatisfy({ headFields.contains($0.key) }) {
            PipelineFields.chainHead.read(head, into: &draft, at: head.start, reading)
            tasks = tasks.dropFirst()
        }
        var taken: Set<String> = []
        for (index, document) in tasks.enumerated() {
            var task = StageDraft(name: Located("", document.start))
            task.wrongFields = StageFields.task.read(document, into: &task, at: document.start, reading)
            task.mayDoNothing = asksForSomething(document)
            complainOfSharedFields(document)
            let wished = task.taskName.flatMap(Names.stage) ?? "stage-\(index + 1)"
            task.name.value = unused(wished, among: taken)
            taken.insert(task.name.value)
            draft.stages.append(task)
        }
        if !draft.isParallel { putInOrder(&draft.stages) }
        return draft
    }

    /// SkyPilot's tasks may start machines and do nothing with them; a file with nothing but a name means nothing.
    private func asksForSomething(_ document: YAMLNode) -> Bool {
        (document.mapping ?? []).contains { $0.key != "name" && !$0.value.isNull }
    }

    /// What holds for a whole chain has no place in one of its tasks.
    private func complainOfSharedFields(_ task: YAMLNode) {
        for entry in task.mapping ?? []
        where ["objective", "policy", "on_deviation", "lease"].contains(entry.key) && !entry.value.isNull {
            reading.error(
                "spec.conflict", at: entry.keyRange, "'\(entry.key)' in one task of several",
                expected: "it in a document of its own before the first task")
        }
    }

    /// A task waits for the one before it, unless it already does by reading from it or by saying what it waits for.
    private func putInOrder(_ stages: inout [StageDraft]) {
        for index in stages.indices.dropFirst() where stages[index].after.isEmpty {
            let previous = stages[index - 1].name.value
            let reads = stages[index].inputs.contains { input in
                input.sources.contains { $0.value.hasPrefix("\(previous).") }
            }
            if !reads { stages[index].after = [Located(previous, stages[index].name.range)] }
        }
    }

    private func unused(_ name: String, among names: Set<String>) -> String {
        var (candidate, number) = (name, 2)
        while names.contains(candidate) {
            candidate = name.prefix(36) + "-\(number)"
            number += 1
        }
        return candidate
    }
}

extension YAMLNode {
    /// The first character: where what is missing from the whole is complained about.
    var start: SourceRange {
        SourceRange(
            start: range.start, end: SourcePosition(line: range.start.line, column: range.start.column + 1))
    }
}
