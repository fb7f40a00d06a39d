/// The id of an outbox entry; compared as two numbers, never as text (10 sorts after 9). Never interpreted as a time.
package struct StreamID: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let milliseconds: Int64
    package let sequence: Int64

    /// Before all entries.
    package static let zero = StreamID(milliseconds: 0, sequence: 0)

    package init(milliseconds: Int64, sequence: Int64) {
        self.milliseconds = milliseconds
        self.sequence = sequence
    }

    /// Parses `ms-seq`; `nil` for anything else.
    package init?(_ text: String) {
        var reader = FieldReader(text, separator: "-")
        guard let milliseconds = reader.integer(Int64.self), let sequence = reader.integer(Int64.self), reader.isAtEnd
        else { return nil }
        self.init(milliseconds: milliseconds, sequence: sequence)
    }

    package static func < (left: StreamID, right: StreamID) -> Bool {
        (left.milliseconds, left.sequence) < (right.milliseconds, right.sequence)
    }

    /// `ms-seq`.
    package var description: String { "\(milliseconds)-\(sequence)" }
}
