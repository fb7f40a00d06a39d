import Foundation
import Glibc
import Testing

@testable import Logging

@Suite("Log lines")
struct LogTests {
    private static let moment = timespec(tv_sec: 1_900_000_000, tv_nsec: 7_000_000)

    private func line(_ forPeople: Bool, _ fields: (inout LogFields) -> Void) -> String {
        var line = LogFields(.info, "request", at: Self.moment, forPeople: forPeople)
        fields(&line)
        return String(decoding: line.ended(), as: UTF8.self)
    }

    @Test("a line is one JSON object with time, level, message and fields")
    func json() {
        let line = line(false) {
            $0.add("requestId", "a\"b\nc")
            $0.add("absent", nil)
            $0.add("status", 201)
            $0.add("durationMs", nanoseconds: 1_042_999)
        }
        #expect(
            line == """
                {"time":"2030-03-17T17:46:40.007Z","level":"info","message":"request","requestId":"a\\"b\\u000ac",\
                "status":201,"durationMs":1.042}

                """)
    }

    @Test("for people, a record is one line of text, whatever its fields contain")
    func text() {
        let line = line(true) {
            $0.add("user", "ann\nbea")
            $0.add("status", 201)
        }
        #expect(line == "17:46:40.007 info: request user=\"ann\\nbea\" status=201\n")
    }

    @Test("levels are found by name, and ordered by severity")
    func levels() {
        for level in LogLevel.allCases { #expect(LogLevel(level.name) == level) }
        #expect(LogLevel("loud") == nil)
        #expect(LogLevel.debug < .info && LogLevel.warning < .error)
    }

    /// Both ends of a pipe; `read` returns everything written, once the writing end is closed.
    private struct Pipe {
        let reader: Int32
        let writer: Int32

        init() throws {
            var ends: [Int32] = [0, 0]
            try #require(pipe(&ends) == 0)
            (reader, writer) = (ends[0], ends[1])
        }

        func read() -> String {
            close(writer)
            return String(
                decoding: FileHandle(fileDescriptor: reader, closeOnDealloc: true).readDataToEndOfFile(), as: UTF8.self)
        }
    }

    @Test("lines from many threads arrive complete and exactly once")
    func threads() async throws {
        let pipe = try Pipe()
        let sink = LogSink(descriptor: pipe.writer)
        await withTaskGroup(of: Void.self) { group in
            for thread in 0..<4 {
                group.addTask { for index in 0..<200 { sink.write(Array("\(thread)-\(index)\n".utf8)) } }
            }
        }
        sink.flush()
        let lines = pipe.read().split(separator: "\n").map(String.init)
        #expect(lines.count == 800)
        #expect(Set(lines) == Set((0..<4).flatMap { thread in (0..<200).map { "\(thread)-\($0)" } }))
    }

    @Test("logging does not block on a reader that does not read; lost lines are counted")
    func slowReader() async throws {
        let pipe = try Pipe()
        let sink = LogSink(descriptor: pipe.writer)
        let line = [UInt8](repeating: UInt8(ascii: "x"), count: 99_999) + [10]
        // More than the pipe and the sink can hold: if writing blocked, this would never end.
        for _ in 0..<200 { sink.write(line) }
        async let flushed: Void = Task.detached { sink.flush() }.value
        var text = [UInt8](repeating: 0, count: 1 << 20)
        var received: [UInt8] = []
        while !String(decoding: received.suffix(200), as: UTF8.self).contains("log lines were lost") {
            let count = read(pipe.reader, &text, text.count)
            try #require(count > 0)
            received += text[..<count]
        }
        await flushed
        let kept = received.count { $0 == 10 } - 1
        #expect(kept < 200)
        #expect(String(decoding: received.suffix(200), as: UTF8.self).contains("\"count\":\(200 - kept)"))
        #expect(pipe.read().isEmpty)
    }
}
