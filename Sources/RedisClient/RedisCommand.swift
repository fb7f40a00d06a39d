/// A command and its arguments, written as RESP as they are appended: argument by argument, never by a format, so that
/// no argument can become another.
///
/// A command that is kept and begun again with `restart` allocates nothing.
public struct RedisCommand: Sendable {
    private(set) var bytes: [UInt8] = []
    private var missing = 0

    /// Begins a command.
    ///
    /// - Parameter argumentCount: how many values will be appended, the command's name included; at least 1.
    public init(argumentCount: Int) {
        bytes.reserveCapacity(32 * argumentCount)
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
        begin(text.utf8.count)
        bytes.append(contentsOf: text.utf8)
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
        let count = Self.digitCount(value)
        var rest = value
        for _ in 0..<count { bytes.append(0) }
        for index in 1...count {
            bytes[bytes.count - index] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
    }

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
