import BoxOffice
import Support
import Testing

@testable import API

@Suite("Recent bookings of a process")
struct RecentBookingsTests {
    private func booking(_ number: Int) -> BookingID {
        BookingID(partition: Partition(0), milliseconds: Int64(number), random: UInt64(number))
    }

    private func user(_ number: Int) -> UserID { UserID(stored: "user-\(number)") }

    @Test("are per user, newest first and each once, as long as the ring has them")
    func model() {
        var generator = SeededGenerator(seed: 7)
        let recent = RecentBookings(capacity: 64)
        var noted: [(user: Int, booking: Int)] = []
        for _ in 0..<2000 {
            let entry = (
                user: Int.random(in: 0..<9, using: &generator), booking: Int.random(in: 0..<40, using: &generator)
            )
            noted.append(entry)
            recent.note(booking(entry.booking), of: user(entry.user))
            let kept = noted.suffix(64).reversed()
            for number in 0..<9 {
                var expected: [Int] = []
                for entry in kept where entry.user == number && !expected.contains(entry.booking) {
                    expected.append(entry.booking)
                }
                #expect(recent.bookings(of: user(number), limit: 1000) == expected.map { booking($0) })
            }
            var all: [Int] = []
            for entry in kept where !all.contains(entry.booking) { all.append(entry.booking) }
            #expect(recent.bookings(limit: 1000) == all.map { booking($0) })
            #expect(recent.bookings(limit: 3) == all.prefix(3).map { booking($0) })
        }
    }

    @Test("of users whose ids look alike are kept apart")
    func lookalikes() {
        let recent = RecentBookings(capacity: 8)
        recent.note(booking(1), of: UserID(stored: "jos\u{e9}"))
        recent.note(booking(2), of: UserID(stored: "jose\u{301}"))
        #expect(recent.bookings(of: UserID(stored: "jos\u{e9}"), limit: 9) == [booking(1)])
        #expect(recent.bookings(of: UserID(stored: "jose\u{301}"), limit: 9) == [booking(2)])
    }
}
