/// A command and its arguments, written as RESP as they are appended: argument by argument, never by a format, so that
/// no argument can become another.
///
/// A command that is kept and begun again with `restart` allocates nothing.
public struct RedisCommand: Sendable {
    private(set) var bytes: [UInt8] = []
    private var missing = 0

    /// An id, or a key with one, and what frames it.
    private static let usualArgument = 48

    /// Begins a command.
    ///
    /// - Parameter argumentCount: how many values will be appended, the command's name included; at least 1.
    public init(argumentCount: Int) {
        bytes.reserveCapacity(Self.usualArgument * argumentCount)
        restart(argumentCount: argumentCount)
    }

    /// A whole command, its name first.
    public init(_ arguments: String...) {
        self.init(arguments)
    }

    /// A whole command, its name first; not empty.
    public init(_ arguments: [String]) {
        self.init(argumentCount: arguments.count)
        for argument in arguments { append(argument) }
    }

    /// Begins another command in the same memory.
    ///
    /// - Parameter argumentCount: how many values will be appended, the command's name included; at least 1.
    public mutating func restart(argumentCount: Int) {
        bytes.removeAll(keepingCapacity: true)
        missing = argumentCount
        appendHeader(UInt8(ascii: "*"), argumentCount)
    }

    /// Whether as many arguments were appended as were announced.
    var isComplete: Bool { missing == 0 && bytes.count > 4 }

    /// Appends text as UTF-8.
    public mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { utf8 in
            begin(utf8.count)
            unsafe bytes.append(contentsOf: utf8)
        }
        end()
    }

    /// Appends text that is known when the program is compiled.
    public mutating func append(_ text: StaticString) {
        begin(text.utf8CodeUnitCount)
        text.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) }
        end()
    }

    /// Appends any bytes.
    public mutating func append(_ value: [UInt8]) {
        begin(value.count)
        bytes.append(contentsOf: value)
        end()
    }

    /// Appends any bytes.
    public mutating func append(_ value: ArraySlice<UInt8>) {
        begin(value.count)
        bytes.append(contentsOf: value)
        end()
    }

    /// Appends an argument of so many bytes that `body` appends itself: an id, a digest, a key made of parts.
    public mutating func append(count: Int, _ body: (inout [UInt8]) -> Void) {
        begin(count)
        let end = bytes.count + count
        body(&bytes)
        precondition(bytes.count == end, "an argument is as long as was announced")
        self.end()
    }

    /// Appends an argument of eight bytes, big-endian: a group of claims has one for each.
    public mutating func append(word: UInt64) {
        missing -= 1
        let frame: (head: UInt32, end: UInt16) = (0x0a0d_3824, 0x0a0d)
        unsafe withUnsafeTemporaryAllocation(byteCount: 14, alignment: 8) { argument in
            // $8 and a line's end.
            unsafe argument.storeBytes(of: frame.head.littleEndian, toByteOffset: 0, as: UInt32.self)
            unsafe argument.storeBytes(of: word.bigEndian, toByteOffset: 4, as: UInt64.self)
            unsafe argument.storeBytes(of: frame.end.littleEndian, toByteOffset: 12, as: UInt16.self)
            unsafe bytes.append(contentsOf: UnsafeRawBufferPointer(argument))
        }
    }

    /// Appends a number in decimal.
    public mutating func append(_ value: Int64) {
        begin(Self.digitCount(value.magnitude) + (value < 0 ? 1 : 0))
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        appendDecimal(value.magnitude)
        end()
    }

    /// Appends a number in decimal.
    public mutating func append(_ value: Int) { append(Int64(value)) }

    private mutating func begin(_ count: Int) {
        missing -= 1
        appendHeader(UInt8(ascii: "$"), count)
    }

    private mutating func end() {
        bytes.append(UInt8(ascii: "\r"))
        bytes.append(UInt8(ascii: "\n"))
    }

    private mutating func appendHeader(_ type: UInt8, _ count: Int) {
        bytes.append(type)
        appendDecimal(count.magnitude.asUInt64)
        end()
    }

    private mutating func appendDecimal(_ value: UInt64) {
        if value < 10 {
            bytes.append(UInt8(ascii: "0") + UInt8(value))
            return
        }
        var rest = value
        unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.integerDigits) { digits in
            var start = Self.integerDigits
            while rest > 0 {
                start -= 1
                unsafe digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            }
            unsafe bytes.append(contentsOf: UnsafeBufferPointer(rebasing: digits[start...]))
        }
    }

    /// Of the largest number.
    private static let integerDigits = 20

    private static func digitCount(_ value: UInt64) -> Int {
        var count = 1
        var rest = value
        while rest >= 10 {
            rest /= 10
            count += 1
        }
        return count
    }
}

extension UInt {
    fileprivate var asUInt64: UInt64 { UInt64(self) }
}
