import JSON
import Support
import Testing

@Suite("JSON writer")
struct JSONWriterTests {
    @Test("commas are written between values and nowhere else")
    func commas() {
        var json = JSONWriter()
        json.beginObject()
        json.member("a", 1)
        json.key("b")
        json.beginArray()
        json.beginArray()
        json.endArray()
        json.beginObject()
        json.endObject()
        json.null()
        json.bool(true)
        json.raw(Array("2.5".utf8))
        json.endArray()
        json.member("c", nil as String?)
        json.member("d", false)
        json.endObject()
        #expect(String(decoding: json.bytes, as: UTF8.self) == #"{"a":1,"b":[[],{},null,true,2.5],"c":null,"d":false}"#)
    }

    @Test("only characters that need escaping are escaped")
    func escapes() {
        var json = JSONWriter()
        json.string("\"\\/\u{0}\u{1f}\u{7f}\u{2028}\u{e9}\u{1f600}\n")
        let expected = #""\"\\/\u0000\u001f"# + "\u{7f}\u{2028}\u{e9}\u{1f600}" + #"\u000a""#
        #expect(String(decoding: json.bytes, as: UTF8.self) == expected)
    }

    @Test("random values survive a round trip")
    func roundTrip() throws {
        var generator = SeededGenerator.fromEnvironment()
        for _ in 0..<3_000 {
            let value = JSONValue.random(&generator, depth: 0)
            var json = JSONWriter()
            value.write(to: &json)
            let read = try JSONReader.read(json.bytes)
            #expect(read.isSame(as: value), "\(String(decoding: json.bytes, as: UTF8.self))")
        }
    }

    @Test("mutated texts are refused, or mean the same when written again")
    func mutations() throws {
        var generator = SeededGenerator.fromEnvironment()
        var refused = 0
        for _ in 0..<5_000 {
            var json = JSONWriter()
            JSONValue.random(&generator, depth: 0).write(to: &json)
            var bytes = json.bytes
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                if Bool.random(using: &generator) {
                    bytes[place] = UInt8.random(in: .min ... .max, using: &generator)
                } else {
                    bytes.insert(contentsOf: bytes[place..<min(place + 5, bytes.count)], at: place)
                }
            }
            guard let value = try? JSONReader.read(bytes) else {
                refused += 1
                continue
            }
            var again = JSONWriter()
            value.write(to: &again)
            let read = try JSONReader.read(again.bytes)
            #expect(read.isSame(as: value), "\(String(decoding: bytes, as: UTF8.self))")
        }
        #expect(refused > 1_000)
    }
}

extension JSONValue {
    static func random(_ generator: inout SeededGenerator, depth: Int) -> JSONValue {
        switch Int.random(in: 0..<(depth < 6 ? 8 : 6), using: &generator) {
        case 0: return .null
        case 1: return .bool(.random(using: &generator))
        case 2: return .integer(.random(in: .min ... .max, using: &generator))
        case 3:
            return .number(
                "-\(Int.random(in: 0..<1_000, using: &generator)).5e-\(UInt8.random(in: 0..<9, using: &generator))")
        case 4, 5: return .string(randomText(&generator))
        case 6:
            return .array(
                (0..<Int.random(in: 0..<5, using: &generator)).map { _ in random(&generator, depth: depth + 1) })
        default:
            // Now and then more members than are compared pairwise.
            return .object(
                (0..<Int.random(in: 0..<14, using: &generator)).map { index in
                    ("\(index):\(randomText(&generator))", random(&generator, depth: depth + 3))
                })
        }
    }

    private static func randomText(_ generator: inout SeededGenerator) -> String {
        var text = ""
        for _ in 0..<Int.random(in: 0..<8, using: &generator) {
            let limit: UInt32 = Bool.random(using: &generator) ? 0x80 : 0x11_0000
            text.unicodeScalars.append(Unicode.Scalar(.random(in: 0..<limit, using: &generator)) ?? "?")
        }
        return text
    }

    func write(to json: inout JSONWriter) {
        switch self {
        case .null: json.null()
        case .bool(let flag): json.bool(flag)
        case .integer(let number): json.integer(number)
        case .number(let text): json.raw(Array(text.utf8))
        case .string(let text): json.string(text)
        case .array(let elements):
            json.beginArray()
            for element in elements { element.write(to: &json) }
            json.endArray()
        case .object(let members):
            json.beginObject()
            for member in members {
                json.key(text: member.name)
                member.value.write(to: &json)
            }
            json.endObject()
        }
    }

    /// Whether both are equal byte for byte.
    func isSame(as other: JSONValue) -> Bool {
        switch (self, other) {
        case (.null, .null): true
        case (.bool(let mine), .bool(let yours)): mine == yours
        case (.integer(let mine), .integer(let yours)): mine == yours
        case (.number(let mine), .number(let yours)): mine == yours
        case (.string(let mine), .string(let yours)): mine.utf8.elementsEqual(yours.utf8)
        case (.array(let mine), .array(let yours)):
            mine.count == yours.count && zip(mine, yours).allSatisfy { $0.isSame(as: $1) }
        case (.object(let mine), .object(let yours)):
            mine.count == yours.count
                && zip(mine, yours).allSatisfy {
                    $0.name.utf8.elementsEqual($1.name.utf8) && $0.value.isSame(as: $1.value)
                }
        default: false
        }
    }
}
