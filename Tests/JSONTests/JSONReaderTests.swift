import JSON
import Testing

@Suite("JSON reader")
struct JSONReaderTests {
    private func read(_ text: String) -> JSONValue? { try? JSONReader.read(Array(text.utf8)) }

    @Test(
        "texts of RFC 8259 are accepted",
        arguments: [
            "null", "true", "false", " \t\r\n0 ", "-0", "1", "-1", "10", "1.5", "0.0", "1e5", "1E+5", "1e-5", "-0.1e10",
            #""""#, #""a""#, "[]", "[ ]", "{}", "{ }", "[1,2]", "[[],{}]", #"{"a":1}"#,
            #" { "a" : [ 1 , 2 ] , "" : { } } "#,
            #""\"\\\/\b\f\n\r\t\u00e9\u00E9""#, "\"\u{7f}\u{e9}\u{1f600}\"", #"{"a":{"a":{"a":1}}}"#,
            "1234567890123456789012345678901234567890", "1e999999",
        ])
    func accepted(_ text: String) { #expect(read(text) != nil) }

    @Test(
        "everything else is refused",
        arguments: [
            "", " ", "nul", "nulll", "True", "NaN", "Infinity", "-", "+1", "01", "-01", "00", "1.", ".5", "1.e5", "1e",
            "1e+",
            "0x10", "1 2", "'a'", "\"", "\"a", #""\"#, #""\x""#, #""\u12""#, #""\u12G4""#, #""\uD800""#, #""\uDC00""#,
            #""\uD800\u0041""#, #""\uD800x""#, #""\uDC00\uD800""#, "\"\u{1f}\"", "\"\t\"", "\"\n\"", "\"\0\"", "[", "]",
            "[1",
            "[1,", "[1,]", "[,1]", "[1 2]", "{", "}", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{,"a":1}"#, #"{"a" 1}"#,
            #"{a:1}"#, "{1:1}", #"{"a":1 "b":2}"#, #"{"a":1}}"#, "[]]", "// a\n1", "/**/1", "1 //", "\u{feff}1",
            "\u{a0}1",
            "\u{c}1", "1\0", "#1",
        ])
    func refused(_ text: String) { #expect(read(text) == nil) }

    @Test(
        "bytes that are not UTF-8 are refused, wherever they are",
        arguments: [
            [0x22, 0xff, 0x22], [0x22, 0xc0, 0x80, 0x22], [0x22, 0xed, 0xa0, 0x80, 0x22],
            [0x22, 0xf4, 0x90, 0x80, 0x80, 0x22],
            [0x22, 0xc3, 0x22], [0x31, 0x80], [0xff, 0xfe, 0x31, 0x00], [0x22, 0xe0, 0x80, 0xaf, 0x22],
        ] as [[UInt8]])
    func notUTF8(_ bytes: [UInt8]) { #expect((try? JSONReader.read(bytes)) == nil) }

    @Test("sixteen levels are accepted and a seventeenth is not, whatever it contains")
    func depth() {
        func nested(_ levels: Int, _ inner: String) -> String {
            String(repeating: "[", count: levels) + inner + String(repeating: "]", count: levels)
        }
        #expect(read(nested(16, "")) != nil)
        #expect(read(nested(16, "1")) != nil)
        #expect(read(nested(17, "")) == nil)
        #expect(read(nested(16, "{}")) == nil)
        #expect(read(nested(15, #"{"a":1}"#)) != nil)
        #expect(read(String(repeating: "[", count: 60_000)) == nil)
        #expect(read(String(repeating: #"{"a":"#, count: 10_000)) == nil)
    }

    @Test("siblings do not add levels")
    func siblings() { #expect(read("[" + Array(repeating: "[[]]", count: 100).joined(separator: ",") + "]") != nil) }

    @Test("duplicate names are refused, in any spelling and in objects of any size")
    func duplicates() {
        #expect(read(#"{"a":1,"a":1}"#) == nil)
        #expect(read(#"{"a":1,"\u0061":2}"#) == nil)
        #expect(read(#"{"a":{"b":1},"b":{"a":1}}"#) != nil)
        #expect(read(#"{"A":1,"a":2}"#) != nil)
        // Equal for Swift's String, but different code points.
        #expect(read("{\"\u{e9}\":1,\"e\u{301}\":2}") != nil)
        for count in [2, 8, 9, 10, 1_000] {
            let names = (0..<count).map { "\"n\($0)\":0" }
            #expect(read("{\(names.joined(separator: ","))}") != nil)
            #expect(read("{\((names + ["\"n\(count / 2)\":1"]).joined(separator: ","))}") == nil)
        }
    }

    @Test("64-bit integers are exact, and other numbers keep their spelling")
    func numbers() {
        for number: Int64 in [0, 1, -1, (1 << 53) - 1, 1 << 53, (1 << 53) + 1, -(1 << 53), .max, .min] {
            guard case .integer(number) = read("\(number)") else {
                Issue.record("\(number) was not read")
                continue
            }
        }
        for text in ["9223372036854775808", "-9223372036854775809", "1.0", "1e2", "0.1", "-1E-400"] {
            guard case .number(text) = read(text) else {
                Issue.record("\(text) was not kept")
                continue
            }
        }
    }

    @Test("escapes are decoded, surrogates in pairs")
    func escapes() {
        func text(_ json: String) -> String? {
            guard case .string(let text) = read(json) else { return nil }
            return text
        }
        #expect(text(#""\u0041\n\"\\\/\b\f\r\t""#) == "A\n\"\\/\u{8}\u{c}\r\t")
        #expect(text(#""\uD83D\uDE00""#) == "\u{1f600}")
        #expect(text(#""\ud800\udc00\uDBFF\uDFFF""#) == "\u{10000}\u{10ffff}")
        #expect(text(#""\uFFFF\uE000\u0000""#) == "\u{ffff}\u{e000}\0")
        #expect(text(#""a\u00e9b""#) == "a\u{e9}b")
    }

    @Test("members and elements keep their order")
    func order() {
        guard case .object(let members) = read(#"{"z":1,"a":[3,1,2],"m":null}"#),
            case .array(let elements) = members[1].value
        else {
            Issue.record("not read")
            return
        }
        #expect(members.map(\.name) == ["z", "a", "m"])
        #expect(elements.map { "\($0)" } == ["integer(3)", "integer(1)", "integer(2)"])
    }

    @Test("error messages quote nothing from the text")
    func details() {
        func detail(_ text: String) -> String? {
            do {
                _ = try JSONReader.read(Array(text.utf8))
                return nil
            } catch {
                return error.detail
            }
        }
        #expect(detail(#"{"card":4242x}"#) == "The body is not JSON: unexpected character at byte 12.")
        #expect(detail(#"{"a":1,"a":2}"#) == "The body has a member twice.")
        #expect(detail("\"\u{1}\"") == "The body has a control character in a text.")
    }
}
