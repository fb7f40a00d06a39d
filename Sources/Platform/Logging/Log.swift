import Glibc
import Synchronization

/// Writes log lines to standard error: JSON, or text for people.
///
/// Messages are constants, so that lines can be counted and searched; variable data goes into fields. Fields identify
/// things by id: never log a token, card, password, key or body.
package enum Log {
    private static let least = Atomic<Int>(LogLevel.info.rawValue)
    private static let isForPeople = Atomic<Bool>(false)
    private static let sink = LogSink(descriptor: 2)

    /// Sets minimum level and format. Call once at start-up.
    package static func configure(least level: LogLevel, forPeople: Bool) {
        least.store(level.rawValue, ordering: .relaxed)
        isForPeople.store(forPeople, ordering: .relaxed)
    }

    /// Whether lines of this level are written.
    package static func tells(_ level: LogLevel) -> Bool { level.rawValue >= least.load(ordering: .relaxed) }

    /// Logs a detail for debugging.
    package static func debug(_ message: StaticString, _ fields: (inout LogFields) -> Void = { _ in }) {
        write(.debug, message, fields)
    }

    /// Logs a normal operation.
    package static func info(_ message: StaticString, _ fields: (inout LogFields) -> Void = { _ in }) {
        write(.info, message, fields)
    }

    /// Logs an unexpected condition.
    package static func warning(_ message: StaticString, _ fields: (inout LogFields) -> Void = { _ in }) {
        write(.warning, message, fields)
    }

    /// Logs a condition that an operator has to look at.
    package static func error(_ message: StaticString, _ fields: (inout LogFields) -> Void = { _ in }) {
        write(.error, message, fields)
    }

    /// Logs a line at a level that is computed at run time.
    ///
    /// - Parameter fields: called only if the line is written.
    package static func write(
        _ level: LogLevel, _ message: StaticString, _ fields: (inout LogFields) -> Void
    ) {
        guard tells(level) else { return }
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        var line = LogFields(
            level, message, at: now, forPeople: isForPeople.load(ordering: .relaxed))
        fields(&line)
        sink.write(line.ended())
    }

    /// Blocks until all lines so far are written; call before the process exits.
    package static func flush() { sink.flush() }
}
