import BoxOffice
import Support
import Testing

@Suite("Text of ids")
struct UUIDTextTests {
    @Test("round trips in either case; an id with one wrong byte is refused")
    func readsAndWrites() {
        var generator = SeededGenerator.fromEnvironment()
        for _ in 0..<300 {
            let id = UUIDBytes(high: generator.next(), low: generator.next())
            let text = id.description
            #expect(UUIDBytes(text) == id)
            #expect(UUIDBytes(text.uppercased()) == id)
            #expect(text.replacing("-", with: "") == id.digits)
            var appended: [UInt8] = [1]
            id.append(to: &appended)
            #expect(appended == [1] + Array(text.utf8))
        }
        let text = Array("0190f3c2-6f1e-7a4b-9c1d-2e8f5a7b6c3d".utf8)
        for place in text.indices {
            for byte in UInt8.min...UInt8.max {
                var changed = text
                changed[place] = byte
                let isHyphen = [8, 13, 18, 23].contains(place)
                let isDigit = Unicode.Scalar(byte).properties.isASCIIHexDigit
                #expect(
                    (UUIDBytes(utf8: changed[...]) != nil) == (isHyphen ? byte == 0x2d : isDigit), "\(place) \(byte)")
            }
        }
        #expect(UUIDBytes(utf8: text.dropLast()) == nil && UUIDBytes(utf8: text + [0x30]) == nil)
    }
}
