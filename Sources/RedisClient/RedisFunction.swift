/// A function of a library.
public struct RedisFunction: Sendable {
    /// What it is called in logs and metrics.
    public let name: String
    /// Where it is from.
    public let library: RedisLibrary
    /// What Redis calls it: the library's name, `_` and its own.
    public let fullName: String
    /// The same as it is sent.
    fileprivate let sentName: [UInt8]

    init(_ name: String, of library: RedisLibrary) {
        self.name = name
        self.library = library
        fullName = library.name + "_" + name
        sentName = Array(fullName.utf8)
    }
}

/// One call of a function (FCALL): its keys are appended first, then its arguments.
///
/// A call that is kept and begun again with `restart` allocates nothing.
public struct RedisFunctionCall: Sendable {
    /// What is called.
    public let function: RedisFunction
    private(set) var command: RedisCommand

    /// Begins a call.
    ///
    /// - Parameters:
    ///   - keyCount: how many keys will be appended, before the arguments.
    ///   - argumentCount: how many arguments will be appended after the keys.
    public init(_ function: RedisFunction, keyCount: Int, argumentCount: Int) {
        self.function = function
        command = RedisCommand(argumentCount: 3 + keyCount + argumentCount)
        begin(keyCount)
    }

    /// Begins another call of the function in the same memory.
    public mutating func restart(keyCount: Int, argumentCount: Int) {
        command.restart(argumentCount: 3 + keyCount + argumentCount)
        begin(keyCount)
    }

    private mutating func begin(_ keyCount: Int) {
        command.append("FCALL")
        command.append(function.sentName)
        command.append(keyCount)
    }

    /// Appends a key or an argument as UTF-8.
    public mutating func append(_ text: String) { command.append(text) }
    /// Appends a key or an argument that is known when the program is compiled.
    public mutating func append(_ text: StaticString) { command.append(text) }
    /// Appends any bytes as a key or an argument.
    public mutating func append(_ value: [UInt8]) { command.append(value) }
    /// Appends any bytes as a key or an argument.
    public mutating func append(_ value: ArraySlice<UInt8>) { command.append(value) }
    /// Appends a key or an argument of so many bytes that `body` appends itself.
    public mutating func append(count: Int, _ body: (inout [UInt8]) -> Void) { command.append(count: count, body) }
    /// Appends a number in decimal.
    public mutating func append(_ value: Int64) { command.append(value) }
    /// Appends a number in decimal.
    public mutating func append(_ value: Int) { command.append(value) }
}
