/// A command and its arguments, encoded as RESP while they are appended: argument by argument, without format strings,
/// so that one argument cannot turn into several.
///
/// Reusing a command with `restart` allocates nothing.
package struct RedisCommand: Sendable {
    private(set) var bytes: [UInt8] = []
    private var missing = 0

    /// Estimated bytes per argument: an id, or a key with an id, and its framing.
    private static let usualArgument = 48

    /// Starts a command.
    ///
    /// - Parameter argumentCount: how many values will be appended, including the command's name; at least 1.
    package init(argumentCount: Int) {
        bytes.reserveCapacity(Self.usualArgument * argumentCount)
        restart(argumentCount: argumentCount)
    }

    /// A complete command, name first.
    package init(_ arguments: String...) {
        self.init(arguments)
    }

    /// A complete command, name first; not empty.
    package init(_ arguments: [String]) {
        self.init(argumentCount: arguments.count)
        for argument in arguments { append(argument) }
    }

    /// Starts another command in the same memory.
    ///
    /// - Parameter argumentCount: how many values will be appended, including the command's name; at least 1.
    package mutating func restart(argumentCount: Int) {
        bytes.removeAll(keepingCapacity: true)
        missing = argumentCount
        appendHeader(UInt8(ascii: "*"), argumentCount)
    }

    /// Whether all announced arguments have been appended.
    var isComplete: Bool { missing == 0 && bytes.count > 4 }

    /// Appends text as UTF-8.
    package mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { utf8 in
            begin(utf8.count)
            unsafe bytes.append(contentsOf: utf8)
        }
        end()
    }

    /// Appends a literal.
    package mutating func append(_ text: StaticString) {
        begin(text.utf8CodeUnitCount)
        text.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) }
        end()
    }

    /// Appends bytes.
    package mutating func append(_ value: [UInt8]) {
        begin(value.count)
        bytes.append(contentsOf: value)
        end()
    }

    /// Appends bytes.
    package mutating func append(_ value: ArraySlice<UInt8>) {
        begin(value.count)
        bytes.append(contentsOf: value)
        end()
    }

    /// Appends an argument of `count` bytes, which `body` appends: an id, a digest, a composed key.
    package mutating func append(count: Int, _ body: (inout [UInt8]) -> Void) {
        begin(count)
        let end = bytes.count + count
        body(&bytes)
        precondition(bytes.count == end, "the argument has another length than announced")
        self.end()
    }

    /// Appends an eight-byte big-endian argument; fast path for groups of claims, which have one per claim.
    package mutating func append(word: UInt64) {
        missing -= 1
        let frame: (head: UInt32, end: UInt16) = (0x0a0d_3824, 0x0a0d)
        unsafe withUnsafeTemporaryAllocation(byteCount: 14, alignment: 8) { argument in
            // `$8` and CR LF.
            unsafe argument.storeBytes(of: frame.head.littleEndian, toByteOffset: 0, as: UInt32.self)
            unsafe argument.storeBytes(of: word.bigEndian, toByteOffset: 4, as: UInt64.self)
            unsafe argument.storeBytes(of: frame.end.littleEndian, toByteOffset: 12, as: UInt16.self)
            unsafe bytes.append(contentsOf: UnsafeRawBufferPointer(argument))
        }
    }

    /// Appends a number in decimal.
    package mutating func append(_ value: Int64) {
        begin(Self.digitCount(value.magnitude) + (value < 0 ? 1 : 0))
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        appendDecimal(value.magnitude)
        end()
    }

    /// Appends a number in decimal.
    package mutating func append(_ value: Int) { append(Int64(value)) }

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

    /// Maximum number of digits.
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
