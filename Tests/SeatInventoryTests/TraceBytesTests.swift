import Testing

@testable import SeatInventory

@Suite("Trace bytes")
struct TraceBytesTests {
    static let context = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    private static func bytes(_ trace: String) -> [UInt8] {
        var bytes: [UInt8] = [7]
        TraceBytes.append(trace, to: &bytes)
        return bytes
    }

    @Test(
        "round trip, after their length",
        arguments: [
            "", context, context + ",request 9", context + ",", ",request 9", "00-1-2-01", context.uppercased(),
            "00" + context.dropFirst(2).uppercased(), "01" + context.dropFirst(2), context + "-more",
            context.replacing("-01", with: "-0g"), String(context.dropLast()),
            "cc-" + String(repeating: "é", count: 90),
            context.replacing("4736", with: "473-"), context.replacing("-00f", with: "_00f"),
        ])
    func roundTrip(trace: String) {
        let bytes = Self.bytes(trace)
        #expect(bytes[0] == 7 && Int(bytes[1]) == bytes.count - 2)
        let names = TraceBytes.names(bytes[2...])
        let found = (names.traceparent ?? "") + (names.requestID.map { ",\($0)" } ?? "")
        #expect(found == trace)
    }

    @Test("store a context in 26 bytes, and drop a trace that is too long")
    func sizes() {
        #expect(Self.bytes(Self.context).count == 2 + 26)
        #expect(Self.bytes(Self.context + ",12").count == 2 + 29)
        let longest = Self.context + "," + String(repeating: "x", count: 228)
        #expect(Self.bytes(longest).count == 2 + 255)
        #expect(Self.bytes(longest + "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx") == [7, 0])
        #expect(Self.bytes(String(repeating: "x", count: 256)) == [7, 0])
    }
}
