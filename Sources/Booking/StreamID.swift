/// The id of an outbox entry; compared as two numbers, never as text (10 sorts after 9). Never read as a time.
public struct StreamID: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The first number.
    public let milliseconds: Int64
    /// The second number.
    public let sequence: Int64

    /// Before every entry.
    public static let zero = StreamID(milliseconds: 0, sequence: 0)

    /// The id of these numbers.
    public init(milliseconds: Int64, sequence: Int64) {
        self.milliseconds = milliseconds
        self.sequence = sequence
    }

    /// Reads `ms-seq`; `nil` when it is anything else.
    public init?(_ text: String) {
        var reader = FieldReader(text, separator: "-")
        guard let milliseconds = reader.integer(Int64.self), let sequence = reader.integer(Int64.self), reader.isAtEnd
        else { return nil }
        self.init(milliseconds: milliseconds, sequence: sequence)
    }

    /// Earlier entries first.
    public static func < (left: StreamID, right: StreamID) -> Bool {
        (left.milliseconds, left.sequence) < (right.milliseconds, right.sequence)
    }

    /// `ms-seq`.
    public var description: String { "\(milliseconds)-\(sequence)" }
}
