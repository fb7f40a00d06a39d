import Cryptography

/// One command, written argument by argument as RESP bulk strings: no argument can become another.
public struct RedisCommand: Sendable {
    private(set) var bytes: [UInt8] = []

    /// Begins a command of so many arguments, its name included; exactly so many have to be appended.
    public init(argumentCount: Int) {
        bytes.reserveCapacity(argumentCount * 24)
        header(UInt8(ascii: "*"), argumentCount)
    }

    /// A command of these arguments, its name first.
    public init(_ arguments: [String]) {
        self.init(argumentCount: arguments.count)
        for argument in arguments { append(argument) }
    }

    /// Appends one argument.
    public mutating func append(_ text: String) {
        header(UInt8(ascii: "$"), text.utf8.count)
        bytes.append(contentsOf: text.utf8)
        endLine()
    }

    /// Appends one argument of any bytes.
    public mutating func append(_ argument: [UInt8]) {
        header(UInt8(ascii: "$"), argument.count)
        bytes.append(contentsOf: argument)
        endLine()
    }

    /// Appends one argument in decimal.
    public mutating func append(_ number: Int64) {
        append(String(number))
    }

    private mutating func header(_ kind: UInt8, _ count: Int) {
        bytes.append(kind)
        bytes.append(contentsOf: String(count).utf8)
        endLine()
    }

    private mutating func endLine() {
        bytes.append(13)
        bytes.append(10)
    }
}

/// A Lua script and the name that Redis knows it by: a hash of its text, so that old and new versions live side by side.
public struct RedisScript: Sendable {
    /// For messages.
    public let name: String
    /// The text.
    public let source: String
    /// SHA-1 of the text, hexadecimal.
    public let hash: String

    /// A script.
    public init(name: String, source: String) {
        self.name = name
        self.source = source
        self.hash = sha1Hexadecimal(Array(source.utf8))
    }
}

/// A call of a script: its keys, then its arguments, exactly as many as announced.
public struct RedisScriptCall: Sendable {
    let script: RedisScript
    var command: RedisCommand

    /// Begins a call with so many keys and arguments.
    public init(_ script: RedisScript, keys: Int, arguments: Int) {
        self.script = script
        command = RedisCommand(argumentCount: 3 + keys + arguments)
        command.append("EVALSHA")
        command.append(script.hash)
        command.append(Int64(keys))
    }

    /// Appends a key or an argument.
    public mutating func append(_ text: String) { command.append(text) }

    /// Appends an argument in decimal.
    public mutating func append(_ number: Int64) { command.append(number) }
}
