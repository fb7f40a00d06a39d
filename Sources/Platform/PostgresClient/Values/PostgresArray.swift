/// A one-dimensional array in binary form, which the server reads without parsing: a parameter for many rows.
///
/// Elements are appended directly to the bytes that are sent. Source: `array_recv` of PostgreSQL.
package struct PostgresArray: Sendable, Hashable {
    /// The element type, to which the statement must cast the parameter. The raw value is the type's OID.
    package enum Element: UInt32, Sendable {
        /// `bytea`
        case bytea = 17
        /// `bigint`
        case bigint = 20
        /// `text`
        case text = 25
        /// `timestamptz`
        case timestamp = 1184
        /// `uuid`
        case uuid = 2950
    }

    /// The bytes that are sent.
    private(set) var bytes: [UInt8] = []
    package private(set) var count = 0
    private let element: Element

    private static let headerSize = 20
    /// 1970-01-01 in milliseconds since the server's epoch, 2000-01-01.
    private static let unixEpoch: Int64 = -946_684_800_000

    /// An empty array.
    ///
    /// - Parameter capacity: the expected number of elements.
    package init(_ element: Element, capacity: Int = 0) {
        self.element = element
        bytes.reserveCapacity(Self.headerSize + capacity * 20)
        for number in [1, 0, element.rawValue, 0, 1] { append(number) }
    }

    /// Appends a `bigint`.
    package mutating func append(_ value: Int64) {
        precondition(element == .bigint, "an array of another type")
        begin(8)
        append(UInt64(bitPattern: value))
    }

    /// Appends a `bigint`, or NULL.
    package mutating func append(_ value: Int64?) {
        if let value { append(value) } else { appendNull() }
    }

    /// Appends a `uuid` as two words: its first 8 bytes and its last.
    package mutating func append(high: UInt64, low: UInt64) {
        precondition(element == .uuid, "an array of another type")
        begin(16)
        append(high)
        append(low)
    }

    /// Appends text. The server refuses NUL characters (22021).
    package mutating func append(_ text: String) { append(utf8: text.utf8) }

    /// Appends UTF-8 text given as bytes.
    package mutating func append(utf8 text: some Collection<UInt8>) {
        precondition(element == .text, "an array of another type")
        begin(text.count)
        bytes.append(contentsOf: text)
    }

    /// Appends a `bytea`, or NULL.
    package mutating func append(bytes value: [UInt8]?) {
        precondition(element == .bytea, "an array of another type")
        guard let value else { return appendNull() }
        begin(value.count)
        bytes.append(contentsOf: value)
    }

    /// Appends text, or NULL.
    package mutating func append(_ text: String?) {
        if let text { append(text) } else { appendNull() }
    }

    /// Appends a time in Unix milliseconds. The server refuses one beyond its range (22008).
    package mutating func append(milliseconds: Int64) {
        precondition(element == .timestamp, "an array of another type")
        let (since, overflows) = milliseconds.addingReportingOverflow(Self.unixEpoch)
        let (microseconds, overflowsToo) = since.multipliedReportingOverflow(by: 1000)
        begin(8)
        // The second highest value: the highest means infinity.
        append(UInt64(bitPattern: overflows || overflowsToo ? .max - 1 : microseconds))
    }

    /// Appends a time, or NULL.
    package mutating func append(milliseconds: Int64?) {
        if let milliseconds { append(milliseconds: milliseconds) } else { appendNull() }
    }

    /// Appends NULL.
    package mutating func appendNull() {
        bytes[7] = 1
        begin(-1)
    }

    private mutating func begin(_ size: Int) {
        count += 1
        var rest = UInt32(count)
        for index in stride(from: 15, through: 12, by: -1) {
            bytes[index] = UInt8(truncatingIfNeeded: rest)
            rest >>= 8
        }
        append(UInt32(bitPattern: Int32(size)))
    }

    private mutating func append(_ number: some FixedWidthInteger) {
        unsafe withUnsafeBytes(of: number.bigEndian) { unsafe bytes.append(contentsOf: $0) }
    }
}
