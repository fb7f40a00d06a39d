import BoxOffice
import RedisClient

/// One step on Redis, with the model's answer.
struct ScriptStep {
    /// The function's name, or another step's.
    let name: String
    /// The whole command; `clockArgument` is a placeholder for Redis's clock, which some functions check.
    let command: [[UInt8]]
    /// nil for a step that is not a function call.
    var reply: [ModelReply]?
    /// The names of a group's operations.
    private var operations: [String] = []

    static let clockArgument = "<clock>"

    /// Whether the command must be built right before it is sent.
    var needsClock: Bool { command.contains(Array(Self.clockArgument.utf8)) }

    /// The number of commands that the step counts as.
    var weight: Int { max(1, operations.count) }

    /// A function call.
    init(_ function: FunctionName, keys: [[UInt8]], arguments: [[UInt8]], _ reply: [ModelReply]) {
        name = function.rawValue
        command = ["FCALL", function.fullName, String(keys.count)].map { Array($0.utf8) } + keys + arguments
        self.reply = reply
    }

    /// A call of `apply`.
    init(
        _ caller: ModelCaller, event: UUIDBytes, partition: Int, _ operations: [ModelOperation], isFull: Bool = false,
        _ reply: [ModelReply]
    ) {
        self.init(
            isFull ? .applyFull : .apply, keys: [ModelKeys.meta(partition), ModelKeys.event(partition, event)],
            arguments: [
                Array(String(caller.epoch).utf8), Array(caller.openState.utf8), Array(caller.channel.utf8),
                operations.flatMap(\.bytes),
            ], reply)
        self.operations = operations.map(\.name)
    }

    /// A step without a function.
    init(_ name: String, _ command: [[UInt8]]) {
        self.name = name
        self.command = command
    }

    /// The command with the clock filled in.
    func command(clock: String) -> [[UInt8]] {
        command.map { $0 == Array(Self.clockArgument.utf8) ? Array(clock.utf8) : $0 }
    }

    /// The operation that a part of a group's reply belongs to.
    func operation(ofPart place: Int) -> String? {
        place > 2 && !operations.isEmpty ? "operation \((place - 3) / 2 + 1), \(operations[(place - 3) / 2])" : nil
    }

    /// The expected answers, each as a name and a word.
    var answers: [String] {
        guard let reply, case .text(let word) = reply.first else { return [] }
        var answers = ["\(name) \(word)"]
        guard word == "OK" else { return answers }
        for (place, operation) in operations.enumerated() {
            if case .text(let word) = reply[3 + 2 * place] { answers.append("\(operation) \(word)") }
        }
        return answers
    }

    /// The step as one line of a report.
    var line: String {
        let words = command.first == Array("FCALL".utf8) ? command.dropFirst(2) : command[...]
        return "\(name) " + words.map { $0.isEmpty ? "''" : shown($0) }.joined(separator: " ") + " \(operations)"
    }
}
