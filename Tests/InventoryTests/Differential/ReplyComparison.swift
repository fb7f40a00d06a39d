import RedisClient

/// Redis is not as the model says.
struct Mismatch: Error, CustomStringConvertible {
    let description: String

    init(_ what: String, expected: Any, found: Any) {
        description = "\(what)\n  expected \(expected)\n  found    \(found)"
    }
}

/// Compares a script's reply with the model's.
struct ReplyComparison {
    /// The ids that the entries of each partition's log got.
    let entries: [[String]]

    func check(_ step: ScriptStep, _ reply: RedisValue) throws(Mismatch) {
        guard let expected = step.reply else {
            if case .status(let text) = reply, text.hasPrefix("error") {
                throw Mismatch(step.name, expected: "no error", found: text)
            }
            return
        }
        guard let parts = reply.array else {
            throw Mismatch("reply of \(step.name)", expected: expected, found: Self.text(reply))
        }
        guard parts.count == expected.count else {
            throw Mismatch("reply of \(step.name)", expected: expected.map(text), found: parts.map(Self.text))
        }
        for (place, (part, wanted)) in zip(parts, expected).enumerated() where !isSame(part, wanted) {
            throw Mismatch("part \(place) of the reply of \(step.name)", expected: text(wanted), found: Self.text(part))
        }
    }

    private func isSame(_ part: RedisValue, _ expected: ModelReply) -> Bool {
        switch expected {
        case .null: part.isNull
        case .number(let number): part == .integer(Int64(number))
        case .time: (part.integer ?? 0) > 0
        case .text, .entry, .ending: part.string == text(expected)
        }
    }

    private func text(_ reply: ModelReply) -> String {
        switch reply {
        case .text(let text): text
        case .number(let number): String(number)
        case .null: "null"
        case .time: "time"
        case .entry(let partition, let place): entry(partition, place)
        case .ending(let text, let partition, let place): text + (place.map { entry(partition, $0) } ?? "")
        }
    }

    private func entry(_ partition: Int, _ place: Int) -> String {
        place < entries[partition].count ? entries[partition][place] : "an entry that is missing"
    }

    private static func text(_ value: RedisValue) -> String {
        value.string ?? value.integer.map(String.init) ?? (value.isNull ? "null" : "\(value)")
    }
}
