import BoxOffice
import Testing

@Suite("Field reader")
struct FieldReaderTests {
    private func fields(_ text: String) -> [String] {
        var reader = FieldReader(text, separator: ",")
        var fields: [String] = []
        while let field = reader.text() { fields.append(field) }
        #expect(reader.isAtEnd)
        return fields
    }

    @Test("returns every field, including empty ones", arguments: ["", ",", "a", "a,b", ",a,", ",,", "é,ß\u{301},🎟"])
    func all(text: String) {
        #expect(fields(text) == text.split(separator: ",", omittingEmptySubsequences: false).map(String.init))
    }

    @Test("separates by bytes, so a combining mark after a separator belongs to the next field")
    func combining() {
        #expect(fields("a,\u{301}b") == ["a", "\u{301}b"])
    }

    @Test(
        "a number is decimal digits in range, with an optional minus",
        arguments: [
            "0", "7", "-7", "007", "9223372036854775807", "-9223372036854775808", "9223372036854775808",
            "-9223372036854775809", "99999999999999999999999", "", "-", "--1", "1a", "1 ", " 1", "1.0", "٣", "0x1",
        ])
    func numbers(text: String) {
        var reader = FieldReader(text, separator: ",")
        #expect(reader.integer(Int64.self) == Int64(text))
    }

    @Test("the smaller types have their own bounds")
    func small() {
        var reader = FieldReader("127,128,-128,-129,255,256", separator: ",")
        #expect(reader.integer(Int8.self) == 127 && reader.integer(Int8.self) == nil)
        #expect(reader.integer(Int8.self) == -128 && reader.integer(Int8.self) == nil)
        #expect(reader.integer(UInt8.self) == 255 && reader.integer(UInt8.self) == nil)
    }
}
