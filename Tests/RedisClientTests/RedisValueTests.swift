import Testing

@testable import RedisClient

@Suite("Redis values, errors and commands")
struct RedisValueTests {
    @Test("a command is encoded argument by argument, with byte counts")
    func encoding() {
        var command = RedisCommand(argumentCount: 7)
        command.append("SET")
        command.append("schlüssel" as StaticString)
        command.append([0, 13, 10] as [UInt8])
        command.append(([1, 2, 3] as [UInt8])[1...])
        command.append(Int64.min)
        command.append(0)
        #expect(!command.isComplete)
        command.append(Int64(1_234_567_890))
        #expect(command.isComplete)
        let text =
            "*7\r\n$3\r\nSET\r\n$10\r\nschlüssel\r\n$3\r\n\0\r\n\r\n$2\r\n\u{2}\u{3}\r\n$20\r\n-9223372036854775808\r\n"
        #expect(command.bytes == Array((text + "$1\r\n0\r\n$10\r\n1234567890\r\n").utf8))
        command.restart(argumentCount: 1)
        command.append("PING")
        #expect(command.bytes == RedisCommand("PING").bytes)
    }

    @Test("an eight-byte word is encoded like any other argument")
    func words() {
        let word: UInt64 = 0x0102_0304_0d0a_ff80
        var atOnce = RedisCommand(argumentCount: 2)
        atOnce.append("ECHO" as StaticString)
        atOnce.append(word: word)
        var oneByOne = RedisCommand(argumentCount: 2)
        oneByOne.append("ECHO" as StaticString)
        oneByOne.append([1, 2, 3, 4, 13, 10, 255, 128] as [UInt8])
        #expect(atOnce.isComplete && atOnce.bytes == oneByOne.bytes)
    }

    @Test("decimal numbers are parsed completely or not at all")
    func integers() {
        func integer(_ text: String) -> Int64? { RedisValue.bytes(Array(text.utf8)).integer }
        #expect(integer("-9223372036854775808") == .min)
        #expect(integer("9223372036854775807") == .max)
        for text in ["", "-", "9223372036854775808", "-9223372036854775809", "1 ", "1.0", "+1", "99999999999999999999"]
        {
            #expect(integer(text) == nil)
        }
        #expect(RedisValue.integer(7).integer == 7)
        #expect(RedisValue.status("1").integer == nil)
    }

    @Test("an error's kind is its first word, unless the reply is prose")
    func kinds() {
        #expect(RedisServerError(message: "ERR Function not found").kind == .noFunction)
        #expect(RedisServerError(message: "SOLD-OUT").kind == .init(prefix: "SOLD-OUT"))
        #expect(RedisServerError(message: "unknown command").kind == .other)
        #expect(RedisServerError(message: "").kind == .other)
        #expect(RedisServerError(message: String(repeating: "A", count: 33)).kind == .other)
    }

    @Test("which errors prove that nothing was written; descriptions contain no argument")
    func proofs() {
        #expect(RedisError(RedisServerError(message: "ERR Function not found")).provesNothingWritten)
        #expect(!RedisError(RedisServerError(message: "ERR x")).provesNothingWritten)
        #expect(!RedisError(.outcomeUnknown, "").provesNothingWritten)
        #expect(RedisError(.notConnected, "").provesNothingWritten)
        #expect(RedisError(RedisServerError(message: "ERR bad 'secret'")).description == "redis: server: ERR")
    }

    @Test("the identity is parsed from INFO, and unknown while data is loading")
    func identity() {
        func identity(_ text: String) -> RedisIdentity? { RedisIdentity(info: Array(text.utf8)) }
        let lines = "# Server\r\nrun_id:aa\r\n# Replication\r\nrole:master\r\nmaster_replid:bb\r\n"
        #expect(identity(lines)?.token == "aa:bb:master")
        #expect(identity(lines + "loading:0\r\n") != nil)
        #expect(identity(lines + "loading:1\r\n") == nil)
        #expect(identity("run_id:aa\r\nrole:slave\r\nmaster_replid:bb\r\n")?.token == "aa:bb:replica")
        #expect(identity("run_id:aa\r\n") == nil)
    }
}
