/// RFC 3339 times in UTC with milliseconds, to and from Unix milliseconds, without Foundation: they are on the hot path.
enum Timestamp {
    /// From 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999Z: the range of a four-digit year.
    private static let range: ClosedRange<Int64> = -62_135_596_800_000...253_402_300_799_999

    /// Formats as `2030-01-31T20:00:00.000Z`; the time must be within those years.
    static func format(_ milliseconds: Int64) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(24)
        append(milliseconds, to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// Appends the formatted time.
    static func append(_ milliseconds: Int64, to bytes: inout [UInt8]) {
        let days = (milliseconds - (milliseconds < 0 ? 86_399_999 : 0)) / 86_400_000
        let time = UInt32(truncatingIfNeeded: milliseconds - days * 86_400_000)
        let (year, month, day) = civil(days)
        withUnsafeTemporaryAllocation(byteCount: length, alignment: 8) { text in
            func put(_ number: UInt32, _ place: Int) {
                text.storeBytes(of: twoDigits(number).littleEndian, toByteOffset: place, as: UInt16.self)
            }
            let seconds = time / 1000
            let minutes = seconds / 60
            let milliseconds = time &- seconds &* 1000
            text[4] = UInt8(ascii: "-")
            let century = UInt32(truncatingIfNeeded: year) / 100
            put(century, 0)
            put(UInt32(truncatingIfNeeded: year) &- century &* 100, 2)
            put(UInt32(truncatingIfNeeded: month), 5)
            text[7] = UInt8(ascii: "-")
            put(UInt32(truncatingIfNeeded: day), 8)
            text[10] = UInt8(ascii: "T")
            put(minutes / 60, 11)
            text[13] = UInt8(ascii: ":")
            put(minutes % 60, 14)
            text[16] = UInt8(ascii: ":")
            put(seconds % 60, 17)
            text[19] = UInt8(ascii: ".")
            put(milliseconds / 10, 20)
            text[22] = UInt8(truncatingIfNeeded: 48 &+ milliseconds % 10)
            text[23] = UInt8(ascii: "Z")
            bytes.append(contentsOf: UnsafeRawBufferPointer(text))
        }
    }

    /// A number below 100 as two digits, the first in the lower byte.
    private static func twoDigits(_ number: UInt32) -> UInt16 {
        // `number / 10`.
        let tens = (number &* 103) &>> 10
        return UInt16(truncatingIfNeeded: 0x3030 &+ tens &+ (number &- tens &* 10) &<< 8)
    }

    /// The length of a formatted time.
    private static let length = 24

    /// Parses a date and time with any offset and fraction; `nil` if it is malformed.
    static func parse(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes.count <= 40 else { return nil }
        func number(_ range: Range<Int>) -> Int64? {
            guard range.upperBound <= bytes.count, bytes[range].allSatisfy({ (48...57).contains($0) }) else {
                return nil
            }
            return bytes[range].reduce(0) { $0 * 10 + Int64($1 - 48) }
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
            let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
            bytes[4] == 45, bytes[7] == 45, bytes[10] | 0x20 == 0x74, bytes[13] == 58, bytes[16] == 58,
            (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 61,
            civil(days(year, month, day)) == (year, month, day)
        else { return nil }
        var index = 19
        var fraction: Int64 = 0
        if bytes[index] == 46 {
            index += 1
            let start = index
            while index < bytes.count, (48...57).contains(bytes[index]) { index += 1 }
            guard index > start else { return nil }
            for digit in 0..<3 {
                fraction = fraction * 10 + (start + digit < index ? Int64(bytes[start + digit] - 48) : 0)
            }
        }
        guard index < bytes.count, let offset = offset(bytes[index...], number) else { return nil }
        let seconds = days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset
        let time = seconds * 1000 + fraction
        return range.contains(time) ? time : nil
    }

    private static func offset(_ rest: ArraySlice<UInt8>, _ number: (Range<Int>) -> Int64?) -> Int64? {
        let start = rest.startIndex
        if rest.count == 1, rest[start] | 0x20 == 0x7a { return 0 }
        guard rest.count == 6, rest[start] == 43 || rest[start] == 45, rest[start + 3] == 58,
            let hours = number(start + 1..<start + 3), let minutes = number(start + 4..<start + 6), hours < 24,
            minutes < 60
        else { return nil }
        return (hours * 3600 + minutes * 60) * (rest[start] == 45 ? -1 : 1)
    }

    /// Days since 1970-01-01 of a date in the Gregorian calendar (Hinnant, "chrono-compatible low-level date
    /// algorithms").
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let y = month <= 2 ? year - 1 : year
        let era = (y >= 0 ? y : y - 399) / 400
        let yearOfEra = y - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719468
    }

    private static func civil(_ days: Int64) -> (Int64, Int64, Int64) {
        let z = days + 719468
        let era = (z >= 0 ? z : z - 146096) / 146097
        let dayOfEra = z - era * 146097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted + (shifted < 10 ? 3 : -9)
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }
}
