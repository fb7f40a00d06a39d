/// A one-dimensional array in the binary form that the server reads without parsing: a parameter of many rows.
///
/// Elements are appended one after the other into the bytes that travel. Source: `array_recv` of PostgreSQL.
public struct PostgresArray: Sendable, Hashable {
    /// What it is an array of: the type that the statement casts it to. The raw value is the type's OID.
    public enum Element: UInt32, Sendable {
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

    /// What travels.
    private(set) var bytes: [UInt8] = []
    /// How many elements it has.
    public private(set) var count = 0
    private let element: Element

    private static let headerSize = 20
    /// Of 1970-01-01, in milliseconds since the server's epoch, 2000-01-01.
    private static let unixEpoch: Int64 = -946_684_800_000

    /// An empty array.
    ///
    /// - Parameter capacity: how many elements it is going to have.
    public init(_ element: Element, capacity: Int = 0) {
        self.element = element
        bytes.reserveCapacity(Self.headerSize + capacity * 20)
        for number in [1, 0, element.rawValue, 0, 1] { append(number) }
    }

    /// Appends a `bigint`.
    public mutating func append(_ value: Int64) {
        precondition(element == .bigint, "an array of another type")
        begin(8)
        append(UInt64(bitPattern: value))
    }

    /// Appends a `bigint`, or NULL.
    public mutating func append(_ value: Int64?) {
        if let value { append(value) } else { appendNull() }
    }

    /// Appends a `uuid` by its halves, the first 8 bytes and the last.
    public mutating func append(high: UInt64, low: UInt64) {
        precondition(element == .uuid, "an array of another type")
        begin(16)
        append(high)
        append(low)
    }

    /// Appends text. A NUL character in it is refused by the server (22021).
    public mutating func append(_ text: String) { append(utf8: text.utf8) }

    /// Appends text that is still bytes, in UTF-8.
    public mutating func append(utf8 text: some Collection<UInt8>) {
        precondition(element == .text, "an array of another type")
        begin(text.count)
        bytes.append(contentsOf: text)
    }

    /// Appends a `bytea`, or NULL.
    public mutating func append(bytes value: [UInt8]?) {
        precondition(element == .bytea, "an array of another type")
        guard let value else { return appendNull() }
        begin(value.count)
        bytes.append(contentsOf: value)
    }

    /// Appends text, or NULL.
    public mutating func append(_ text: String?) {
        if let text { append(text) } else { appendNull() }
    }

    /// Appends a moment, in Unix milliseconds. One that is beyond the server's range is refused there (22008).
    public mutating func append(milliseconds: Int64) {
        precondition(element == .timestamp, "an array of another type")
        let (since, overflows) = milliseconds.addingReportingOverflow(Self.unixEpoch)
        let (microseconds, overflowsToo) = since.multipliedReportingOverflow(by: 1000)
        begin(8)
        // The highest number but one: the highest means infinity.
        append(UInt64(bitPattern: overflows || overflowsToo ? .max - 1 : microseconds))
    }

    /// Appends a moment, or NULL.
    public mutating func append(milliseconds: Int64?) {
        if let milliseconds { append(milliseconds: milliseconds) } else { appendNull() }
    }

    /// Appends NULL.
    public mutating func appendNull() {
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
