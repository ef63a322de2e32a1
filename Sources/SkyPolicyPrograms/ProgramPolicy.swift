public import SkyCore
public import SkyPlacement
import SkyProcess
import Synchronization

/// A policy that is a program of its own, in any language: it is told the problem in a line of JSON and answers in another;
/// in between it may ask the solver as often as it likes. docs/policies.md describes the lines.
///
/// The program is asked once for each plan. What it says about candidates (filters, prices, penalties, ranks) holds for
/// runners-up too; a program that returned a whole placement has none.
public final class ProgramPolicy: PlacementPolicy {
    public let name: String
    private let command: ProgramCommand
    private let timeLimit: TimeSpan
    /// What it said last about candidates.
    private let said = Mutex<WrittenShaping?>(nil)

    /// How long a program may take for everything, the solver's answers included, unless told otherwise.
    public static let usualTimeLimit = TimeSpan.seconds(30)

    init(_ command: ProgramCommand, timeLimit: TimeSpan) {
        self.command = command
        self.timeLimit = timeLimit
        name = command.name
    }

    public func place(_ problem: PlacementProblem) throws(PlacementError) -> Placement {
        if problem.asksForRunnerUp {
            guard let shaping = said.withLock({ $0 }) else {
                throw .refused(policy: name, reason: "its program says nothing about runners-up")
            }
            return try shaped(problem, shaping).best()
        }
        switch try answer(to: problem) {
        case .placement(let placement): return placement
        case .problem(let left, let remarks):
            var placement = try left.best()
            placement.remarks += remarks
            return placement
        }
    }

    public func narrow(_ problem: PlacementProblem) throws(PlacementError) -> PlacementProblem {
        switch try answer(to: problem) {
        case .placement(let placement):
            return try problem.keeping { stage, candidate in placement[stage.name] == candidate }
        case .problem(let left, _): return left
        }
    }

    private enum Outcome {
        case placement(Placement)
        case problem(PlacementProblem, remarks: [String])
    }

    private func answer(to problem: PlacementProblem) throws(PlacementError) -> Outcome {
        said.withLock { $0 = nil }
        // Before the program's time begins: large problems take a while to write down.
        let message = PolicyProtocol.message(problem, policy: name)
        let conversation: Conversation
        do throws(Conversation.Failure) { conversation = try Conversation(command, timeLimit: timeLimit) } catch {
            throw failed(error, output: [])
        }
        defer { conversation.finish() }
        do throws(Conversation.Failure) {
            try conversation.say(message)
        } catch {
            throw failed(error, output: conversation.lastErrors(10))
        }
        return try talk(conversation, about: problem)
    }

    private func talk(_ conversation: Conversation, about problem: PlacementProblem) throws(PlacementError) -> Outcome {
        while true {
            let answer: ProgramAnswer
            do {
                answer = try ProgramAnswer(line: try conversation.nextLine())
            } catch let failure as Conversation.Failure {
                throw failed(failure, output: conversation.lastErrors(10))
            } catch {
                let reason = (error as? NotUnderstood)?.reason ?? String(describing: error)
                throw .policyFailed(policy: name, reason: reason, output: conversation.lastErrors(10))
            }
            if let outcome = try outcome(of: answer, problem) { return outcome }
            do throws(Conversation.Failure) {
                try conversation.say(reply(to: answer, problem))
            } catch {
                throw failed(error, output: conversation.lastErrors(10))
            }
        }
    }

    /// Nil when the answer is a question.
    private func outcome(of answer: ProgramAnswer, _ problem: PlacementProblem) throws(PlacementError) -> Outcome? {
        if let reason = answer.refuse { throw .refused(policy: name, reason: reason) }
        if let written = answer.placement {
            return .placement(Placement(try candidates(written, of: problem), remarks: answer.remarks))
        }
        guard !answer.shaping.isEmpty else { return nil }
        let left = try shaped(problem, answer.shaping)
        said.withLock { $0 = answer.shaping }
        return .problem(left, remarks: answer.remarks)
    }

    private func reply(to answer: ProgramAnswer, _ problem: PlacementProblem) -> [UInt8] {
        do throws(PlacementError) {
            if let written = answer.evaluate {
                return try PolicyProtocol.message(Placement(try candidates(written, of: problem)), of: problem)
            }
            guard let request = answer.solve else { return PolicyProtocol.message(failed: .beyondCounting) }
            return try PolicyProtocol.message(try solve(request, problem), of: problem)
        } catch {
            return PolicyProtocol.message(failed: error)
        }
    }

    private func solve(
        _ request: ProgramAnswer.SolveRequest, _ problem: PlacementProblem
    ) throws(PlacementError) -> Placement {
        let left = try shaped(problem, request.shaping).within(deadline: request.deadline, budget: request.budget)
        return switch request.minimize {
        case .cost: try CheapestPolicy().place(left)
        case .time: try FastestPolicy().place(left)
        case nil: try left.best()
        }
    }

    private func failed(_ failure: Conversation.Failure, output: [String]) -> PlacementError {
        let reason =
            switch failure {
            case .notStarted(let why): why
            case .ended(.exited(let code)): "it ended with exit code \(code) before it answered"
            case .ended(.signalled(let signal)): "it was ended by signal \(signal) before it answered"
            case .tooLate: "it took longer than \(timeLimit)"
            case .lineTooLong: "its answer is longer than 64 MiB"
            }
        return .policyFailed(policy: name, reason: reason, output: output)
    }
}
