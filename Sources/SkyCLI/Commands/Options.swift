import ArgumentParser
import SkyCore

/// How results are written.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
    case text, json
}

struct OutputOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: ArgumentHelp("Write results as text or json.", valueName: "format"))
    var output: OutputFormat = .text
}

/// The pipeline that a command is about.
struct PipelineArguments: ParsableArguments {
    @Argument(help: "The pipeline's YAML file.", completion: .file(extensions: ["yaml", "yml"]))
    var file: String

    @Option(
        name: .shortAndLong, parsing: .singleValue,
        help: ArgumentHelp(
            "Set a variable of the pipeline; without a value, take it from the environment.",
            valueName: "name[=value]"))
    var env: [String] = []

    /// The variables of `--env`, the last of a name winning.
    ///
    /// - Throws: `CommandFailure` for one that is not a name, or that the environment does not have.
    static func variables(_ texts: [String], environment: [String: String]) throws -> [String: String] {
        var variables: [String: String] = [:]
        for text in texts {
            let (name, value) = try variable(text, environment: environment)
            variables[name] = value
        }
        return variables
    }

    private static func variable(_ text: String, environment: [String: String]) throws -> (String, String) {
        let equals = text.firstIndex(of: "=")
        let name = String(text[..<(equals ?? text.endIndex)])
        guard isName(name) else {
            throw CommandFailure(.wrongRequest, "--env \(text): '\(name)' is no name", hints: ["--env NAME=value"])
        }
        if let equals { return (name, String(text[text.index(after: equals)...])) }
        guard let value = environment[name] else {
            throw CommandFailure(
                .wrongRequest, "--env \(name): there is no such variable in the environment",
                hints: ["--env \(name)=value"])
        }
        return (name, value)
    }

    /// What shells accept as a variable's name.
    private static func isName(_ text: String) -> Bool {
        guard let first = text.first, !first.isNumber else { return false }
        return text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
    }
}
