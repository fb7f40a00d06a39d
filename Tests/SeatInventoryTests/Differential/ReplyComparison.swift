import RedisClient

/// Redis differs from the model.
struct Mismatch: Error, CustomStringConvertible {
    let description: String

    init(_ what: String, expected: Any, found: Any) {
        description = "\(what)\n  expected \(expected)\n  found    \(found)"
    }
}

/// Compares a function's reply with the model's.
struct ReplyComparison {
    /// The actual entry ids in each partition's log.
    let entries: [[String]]
    /// Whether a log could not be read to its end; then that error is the one to report.
    var isCut = false

    func check(_ step: ScriptStep, _ reply: RedisValue) throws(Mismatch) {
        guard let expected = step.reply else {
            if case .status(let text) = reply, text.hasPrefix("error") {
                throw Mismatch(step.name, expected: "no error", found: text)
            }
            return
        }
        guard let parts = reply.array, parts.count == expected.count else {
            throw Mismatch("reply of \(step.name)", expected: expected.map(text), found: Self.text(reply))
        }
        for (place, (part, wanted)) in zip(parts, expected).enumerated() where !isSame(part, wanted) {
            let operation = step.operation(ofPart: place).map { " (\($0))" } ?? ""
            throw Mismatch(
                "part \(place) of the reply of \(step.name)\(operation)", expected: text(wanted),
                found: Self.text(part))
        }
    }

    private func isSame(_ part: RedisValue, _ expected: ModelReply) -> Bool {
        switch expected {
        case .null: part.isNull
        case .number(let number): part.integer == Int64(number)
        case .time: (part.integer ?? 0) > 0
        case .entry(let partition, let place) where isCut && place >= entries[partition].count: true
        case .record(_, _, let partition, let place?) where isCut && place >= entries[partition].count: true
        case .text, .bytes, .entry, .record: part.bytes ?? part.string.map { Array($0.utf8) } == bytes(expected)
        }
    }

    private func bytes(_ reply: ModelReply) -> [UInt8] {
        switch reply {
        case .text(let text): Array(text.utf8)
        case .bytes(let bytes): bytes
        case .number(let number): Array(String(number).utf8)
        case .null: Array("null".utf8)
        case .time: Array("time".utf8)
        case .entry(let partition, let place): Array(entry(partition, place).utf8)
        case .record(let before, let record, let partition, let place):
            before + Self.stored(record, place.map { entry(partition, $0) })
        }
    }

    private static func stored(_ record: [UInt8], _ entry: String?) -> [UInt8] {
        guard let entry else { return record }
        var record = record
        record.replaceSubrange(ModelBooking.entryBytes, with: entryBytes(entry))
        return record
    }

    private func text(_ reply: ModelReply) -> String { shown(bytes(reply)) }

    private func entry(_ partition: Int, _ place: Int) -> String {
        place < entries[partition].count ? entries[partition][place] : "0-0"
    }

    private static func text(_ value: RedisValue) -> String {
        switch value {
        case .bytes(let bytes): shown(bytes)
        case .array(let parts): "\(parts.map(text))"
        case .integer(let number): String(number)
        default: value.string ?? "\(value)"
        }
    }
}
