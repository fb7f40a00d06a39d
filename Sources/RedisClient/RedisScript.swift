import Cryptography

/// A Lua script that the server knows by its SHA-1 digest.
public struct RedisScript: Sendable {
    /// What it is called in logs and metrics.
    public let name: String
    /// The Lua source.
    public let source: String
    /// The digest of the source: 40 lower-case hexadecimal digits.
    public let sha1: String

    /// A script with the digest of its source.
    public init(name: String, source: String) {
        self.name = name
        self.source = source
        self.sha1 = sha1Hex(Array(source.utf8))
    }
}

/// One call of a script (EVALSHA): its keys are appended first, then its arguments.
///
/// A call that is kept and begun again with `restart` allocates nothing.
public struct RedisScriptCall: Sendable {
    /// What is called.
    public let script: RedisScript
    private(set) var command: RedisCommand

    /// Begins a call.
    ///
    /// - Parameters:
    ///   - keyCount: how many keys will be appended, before the arguments.
    ///   - argumentCount: how many arguments will be appended after the keys.
    public init(_ script: RedisScript, keyCount: Int, argumentCount: Int) {
        self.script = script
        command = RedisCommand(argumentCount: 3 + keyCount + argumentCount)
        begin(keyCount)
    }

    /// Begins another call of the script in the same memory.
    public mutating func restart(keyCount: Int, argumentCount: Int) {
        command.restart(argumentCount: 3 + keyCount + argumentCount)
        begin(keyCount)
    }

    private mutating func begin(_ keyCount: Int) {
        command.append("EVALSHA")
        command.append(script.sha1)
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
