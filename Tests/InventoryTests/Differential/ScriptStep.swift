import Booking
import RedisClient

/// One thing done to Redis, and what the model says it answers.
struct ScriptStep {
    /// The function's name, or what else was done.
    let name: String
    /// The whole command; `clockArgument` stands for Redis's own clock where a function compares with that.
    let command: [[UInt8]]
    /// nil when it is no function.
    var reply: [ModelReply]?
    /// What the operations of a group are called.
    private var operations: [String] = []

    static let clockArgument = "<clock>"

    /// Whether it can only be sent when it is its turn.
    var needsClock: Bool { command.contains(Array(Self.clockArgument.utf8)) }

    /// How many commands it counts as.
    var weight: Int { max(1, operations.count) }

    /// A function's call.
    init(_ function: FunctionName, keys: [[UInt8]], arguments: [[UInt8]], _ reply: [ModelReply]) {
        name = function.rawValue
        command = ["FCALL", function.fullName, String(keys.count)].map { Array($0.utf8) } + keys + arguments
        self.reply = reply
    }

    /// A group's.
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

    /// What happens to Redis without a function.
    init(_ name: String, _ command: [[UInt8]]) {
        self.name = name
        self.command = command
    }

    /// The command as it is sent.
    func command(clock: String) -> [[UInt8]] {
        command.map { $0 == Array(Self.clockArgument.utf8) ? Array(clock.utf8) : $0 }
    }

    /// The operation that a part of a group's reply answers.
    func operation(ofPart place: Int) -> String? {
        place > 2 && !operations.isEmpty ? "operation \((place - 3) / 2 + 1), \(operations[(place - 3) / 2])" : nil
    }

    /// What it is answered, each as its name and a word.
    var answers: [String] {
        guard let reply, case .text(let word) = reply.first else { return [] }
        var answers = ["\(name) \(word)"]
        guard word == "OK" else { return answers }
        for (place, operation) in operations.enumerated() {
            if case .text(let word) = reply[3 + 2 * place] { answers.append("\(operation) \(word)") }
        }
        return answers
    }

    /// As one line of a report.
    var line: String {
        let words = command.first == Array("FCALL".utf8) ? command.dropFirst(2) : command[...]
        return "\(name) " + words.map { $0.isEmpty ? "''" : shown($0) }.joined(separator: " ") + " \(operations)"
    }
}
