import Glibc
import Synchronization

/// Lines on standard error: JSON, or text for people.
///
/// Messages are constant, so that lines can be counted and searched; what differs is in the fields. Fields name things
/// by their ids: no token, card, password, key or body is ever one.
public enum Log {
    private static let least = Atomic<Int>(LogLevel.info.rawValue)
    private static let isForPeople = Atomic<Bool>(false)
    private static let sink = LogSink(descriptor: 2)

    /// Sets what is told, and how; once, at the start.
    public static func configure(least level: LogLevel, forPeople: Bool) {
        least.store(level.rawValue, ordering: .relaxed)
        isForPeople.store(forPeople, ordering: .relaxed)
    }

    /// Whether lines of this level are told.
    public static func tells(_ level: LogLevel) -> Bool { level.rawValue >= least.load(ordering: .relaxed) }

    /// A line for whoever looks for a fault.
    public static func debug(_ message: StaticString, _ fields: (inout LogFields) -> Void = { _ in }) {
        write(.debug, message, fields)
    }

    /// A line about what was done.
    public static func info(_ message: StaticString, _ fields: (inout LogFields) -> Void = { _ in }) {
        write(.info, message, fields)
    }

    /// A line about what should not be.
    public static func warning(_ message: StaticString, _ fields: (inout LogFields) -> Void = { _ in }) {
        write(.warning, message, fields)
    }

    /// A line that somebody has to read.
    public static func error(_ message: StaticString, _ fields: (inout LogFields) -> Void = { _ in }) {
        write(.error, message, fields)
    }

    /// A line of a level that is found out.
    ///
    /// - Parameter fields: is called only when the line is told.
    public static func write(
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

    /// Waits until every line so far is written; before the process ends.
    public static func flush() { sink.flush() }
}
