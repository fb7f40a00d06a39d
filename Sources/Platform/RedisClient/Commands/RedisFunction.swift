/// A function of a library.
package struct RedisFunction: Sendable {
    /// The name in logs and metrics.
    package let name: String
    package let library: RedisLibrary
    /// The name in Redis: the library's name, `_` and `name`.
    package let fullName: String
    /// `fullName` as bytes.
    fileprivate let sentName: [UInt8]

    init(_ name: String, of library: RedisLibrary) {
        self.name = name
        self.library = library
        fullName = library.name + "_" + name
        sentName = Array(fullName.utf8)
    }
}

/// One call of a function (FCALL): append its keys first, then its arguments.
///
/// Reusing a call with `restart` allocates nothing.
package struct RedisFunctionCall: Sendable {
    package let function: RedisFunction
    private(set) var command: RedisCommand

    /// Starts a call.
    ///
    /// - Parameters:
    ///   - keyCount: how many keys will be appended before the arguments.
    ///   - argumentCount: how many arguments will be appended after the keys.
    package init(_ function: RedisFunction, keyCount: Int, argumentCount: Int) {
        self.function = function
        command = RedisCommand(argumentCount: 3 + keyCount + argumentCount)
        begin(keyCount)
    }

    /// Starts another call of the function in the same memory.
    package mutating func restart(keyCount: Int, argumentCount: Int) {
        command.restart(argumentCount: 3 + keyCount + argumentCount)
        begin(keyCount)
    }

    private mutating func begin(_ keyCount: Int) {
        command.append("FCALL")
        command.append(function.sentName)
        command.append(keyCount)
    }

    /// Appends a key or an argument as UTF-8.
    package mutating func append(_ text: String) { command.append(text) }
    /// Appends a literal as a key or an argument.
    package mutating func append(_ text: StaticString) { command.append(text) }
    /// Appends bytes as a key or an argument.
    package mutating func append(_ value: [UInt8]) { command.append(value) }
    /// Appends bytes as a key or an argument.
    package mutating func append(_ value: ArraySlice<UInt8>) { command.append(value) }
    /// Appends a key or an argument of `count` bytes, which `body` appends.
    package mutating func append(count: Int, _ body: (inout [UInt8]) -> Void) { command.append(count: count, body) }
    /// Appends a number in decimal.
    package mutating func append(_ value: Int64) { command.append(value) }
    /// Appends a number in decimal.
    package mutating func append(_ value: Int) { command.append(value) }
}
