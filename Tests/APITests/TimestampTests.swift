import Foundation
import Support
import Testing

@testable import API

@Suite("Times")
struct TimestampTests {
    @Test("random times are formatted as Foundation formats them, and parsed back")
    func random() {
        var random = SeededGenerator.fromEnvironment()
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        // Foundation's calendar is Julian before 1582.
        for _ in 0..<2000 {
            let time = Int64.random(in: -12_000_000_000_000...253_402_300_799_999, using: &random)
            let text = Timestamp.format(time)
            #expect(Timestamp.parse(text) == time)
            let seconds = time >= 0 ? time / 1000 : (time - 999) / 1000
            let whole = style.format(Date(timeIntervalSince1970: Double(seconds)))
            #expect(text.prefix(20) == whole.prefix(20))
            #expect(text.suffix(4) == String(format: "%03dZ", Int(time - seconds * 1000)))
        }
    }

    @Test(
        "offsets, fractions and leap days are parsed",
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("1970-01-01t01:00:00+01:00", 0), ("1969-12-31T23:59:59.999Z", -1),
            ("2000-02-29T12:00:00.1z", 951_825_600_100), ("1970-01-01T00:00:00.0009999Z", 0),
            ("0001-01-01T00:00:00Z", -62_135_596_800_000), ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
        ])
    func reads(text: String, time: Int64) {
        #expect(Timestamp.parse(text) == time)
    }

    @Test(
        "malformed times, and years without four digits in UTC, are refused",
        arguments: [
            "", "2031-05-01", "2031-05-01T18:00:00", "2031-05-01 18:00:00Z", "2031-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z", "2031-00-01T00:00:00Z", "2031-13-01T00:00:00Z", "2031-01-32T00:00:00Z",
            "2031-01-01T24:00:00Z", "2031-01-01T00:60:00Z", "2031-01-01T00:00:61Z", "2031-01-01T00:00:00.Z",
            "2031-01-01T00:00:00+1:00", "2031-01-01T00:00:00+24:00", "2031-01-01T00:00:00Zx", "+031-01-01T00:00:00Z",
            "0000-12-31T23:59:59Z", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01",
        ])
    func refuses(text: String) {
        #expect(Timestamp.parse(text) == nil)
    }
}
