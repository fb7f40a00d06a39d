import Glibc
import JSON
import Synchronization

/// The fields of one log line.
package struct LogFields {
    private var json: JSONWriter
    private var text: String
    private let isForPeople: Bool

    init(_ level: LogLevel, _ message: StaticString, at time: timespec, forPeople: Bool) {
        isForPeople = forPeople
        json = JSONWriter(capacity: forPeople ? 0 : 320)
        text = ""
        if forPeople {
            text = "\(Self.format(time, "%H:%M:%S")) \(level.name): \(message)"
        } else {
            json.beginObject()
            json.member("time", Self.format(time, "%Y-%m-%dT%H:%M:%S", end: "Z"))
            json.member("level", level.name)
            json.member("message", message.description)
        }
    }

    /// Adds a text field; `nil` adds nothing.
    package mutating func add(_ name: String, _ value: String?) {
        guard let value else { return }
        if isForPeople {
            text += " \(name)=\(Self.legible(value))"
        } else {
            json.member(text: name, value)
        }
    }

    /// Adds a number field.
    package mutating func add(_ name: String, _ value: Int64) {
        if isForPeople { text += " \(name)=\(value)" } else { json.member(text: name, value) }
    }

    /// Adds a duration in milliseconds with three decimals.
    package mutating func add(_ name: String, nanoseconds: Int64) {
        let thousandths = nanoseconds / 1000
        let fraction = String(thousandths % 1000 + 1000).dropFirst()
        let value = "\(thousandths / 1000).\(fraction)"
        if isForPeople {
            text += " \(name)=\(value)"
        } else {
            json.key(text: name)
            json.raw(Array(value.utf8))
        }
    }

    /// The finished line with its line feed.
    consuming func ended() -> [UInt8] {
        if isForPeople { return Array((text + "\n").utf8) }
        json.endObject()
        json.lineFeed()
        return json.bytes
    }

    /// Quotes values with spaces, quotes or control characters, so that a line stays one line.
    private static func legible(_ value: String) -> String {
        value.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value != 0x7f && $0 != "\"" }
            ? value : value.debugDescription
    }

    /// The last formatted second: many lines share one.
    private static let lastSecond = Mutex<(second: Int, form: String, text: String)>((0, "", ""))

    /// Formats a time with milliseconds.
    private static func format(_ time: timespec, _ form: String, end: String = "") -> String {
        let text = lastSecond.withLock { last in
            if last.second != time.tv_sec || last.form != form {
                last = (time.tv_sec, form, format(second: time.tv_sec, form))
            }
            return last.text
        }
        let milliseconds = String(time.tv_nsec / 1_000_000 + 1000).dropFirst()
        return "\(text).\(milliseconds)\(end)"
    }

    /// Uses `gmtime_r` and `strftime`.
    private static func format(second: Int, _ form: String) -> String {
        var seconds = second
        var parts = tm()
        gmtime_r(&seconds, &parts)
        var text = [CChar](repeating: 0, count: 32)
        let count = strftime(&text, text.count, form, &parts)
        return String(decoding: text[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
