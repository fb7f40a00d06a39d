import Booking
import Inventory
import RedisClient
import Support
import Testing

extension ContractTests {
    @Suite("Trace contexts")
    struct TraceTests {
        /// The trace context that the outbox has for a booking's first version.
        private func traceparent(of booking: String) async throws -> String? {
            let api = try TestAPI.current
            for key in try await api.redis("KEYS", "*:outbox").array?.compactMap(\.string) ?? [] {
                for value in try await api.redis("XRANGE", key, "-", "+").array ?? [] {
                    let transitions = try OutboxEntry.parse(value)?.get().transitions ?? []
                    if let found = transitions.first(where: { $0.booking.description == booking }) {
                        return found.traceparent
                    }
                }
            }
            throw SupportError("the outbox has no booking \(booking)")
        }

        @Test("a trace context is carried into the outbox, a malformed one is not")
        func traces() async throws {
            let api = try TestAPI.current
            let event = try api.event()
            let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
            let malformed = "00-00000000000000000000000000000000-00f067aa0ba902b7-01"
            for (header, isKept) in [(trace, true), (malformed, false), ("junk|x", false)] {
                let request = Request("POST", "/v1/bookings", event.claim()).by(TestAPI.newUser())
                let held = try api.ask(request.with("traceparent", header))
                #expect(held.status == 201)
                #expect(try await traceparent(of: held.id) == (isKept ? header : nil))
            }
        }
    }
}
