import SkyCatalog
import SkyCore
import SkySpec

/// Names in a pipeline file that only the catalog can know to be wrong: machine types, regions, zones, capabilities.
struct UnknownNames {
    private let source: SourceFile
    private let catalog: Catalog

    init(in source: SourceFile, catalog: Catalog) {
        self.source = source
        self.catalog = catalog
    }

    /// - Throws: `DiagnosticsError` with all of them at their places.
    func refuse(_ pipeline: Pipeline) throws(DiagnosticsError) {
        var diagnostics: [Diagnostic] = []
        for stage in pipeline.stages {
            let perRequest = stage.acceptableResources.map { (request: $0, problems: problems(with: $0)) }
            // Of alternatives it is enough that one can be meant.
            guard perRequest.allSatisfy({ !$0.problems.isEmpty }) else { continue }
            for problem in perRequest.flatMap(\.problems) {
                let diagnostic = Diagnostic(
                    code: "plan.unknown-\(problem.field.rawValue.lowercased())", path: source.path,
                    range: place(of: problem.name, in: stage.name), message: "\(stage.name): \(problem.message)",
                    help: problem.help)
                if !diagnostics.contains(diagnostic) { diagnostics.append(diagnostic) }
            }
        }
        guard diagnostics.isEmpty else { throw DiagnosticsError(diagnostics, sources: [source]) }
    }

    /// Any one accelerator, and any one place, will do.
    private func problems(with request: ResourceRequest) -> [RequestProblem] {
        let problems = catalog.problems(with: request)
        let unknown = Set(problems.filter { $0.field == .accelerator }.map(\.name))
        let someAcceleratorIsKnown = request.accelerators.contains { !unknown.contains($0.name) }
        return problems.filter { $0.field != .accelerator || !someAcceleratorIsKnown }
    }

    /// Where the word stands: in the stage's part of the file, or anywhere in it. A pipeline does not remember where
    /// its names were written, and most files name a thing once.
    private func place(of word: String, in stage: String) -> SourceRange? {
        let lines = source.text.split(separator: "\n", omittingEmptySubsequences: false)
        let start = lines.firstIndex { $0.drop { $0 == " " }.hasPrefix("\(stage):") } ?? 0
        for index in Array(lines.indices.dropFirst(start)) + Array(lines.indices.prefix(start)) {
            if let column = Self.column(of: word, in: lines[index]) {
                let begin = SourcePosition(line: index + 1, column: column)
                return SourceRange(start: begin, end: SourcePosition(line: index + 1, column: column + word.count))
            }
        }
        return nil
    }

    /// Counted from 1; whole words only.
    private static func column(of word: String, in line: Substring) -> Int? {
        let (line, word) = (Array(line), Array(word))
        guard !word.isEmpty, line.count >= word.count else { return nil }
        return (0...(line.count - word.count)).first { start in
            let end = start + word.count
            return line[start..<end].elementsEqual(word) && !(start > 0 && isPart(line[start - 1]))
                && !(end < line.count && isPart(line[end]))
        }.map { $0 + 1 }
    }

    private static func isPart(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || "-_.".contains(character)
    }
}
