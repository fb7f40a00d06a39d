import BoxOffice
import RedisClient
import SeatInventory
import Support
import Testing

extension ContractTests {
    @Suite("Trace contexts")
    struct TraceTests {
        /// The trace context in the outbox of a booking's first version.
        private func record(of booking: String) async throws -> OutboxEntry.Transition {
            let api = try TestAPI.current
            for key in try await api.redis("KEYS", "*:outbox").array?.compactMap(\.string) ?? [] {
                for value in try await api.redis("XRANGE", key, "-", "+").array ?? [] {
                    let transitions = try OutboxEntry.parse(value)?.get().transitions ?? []
                    if let found = transitions.first(where: { $0.booking.description == booking }) {
                        return found
                    }
                }
            }
            throw SupportError("the outbox has no booking \(booking)")
        }

        @Test("trace context and request id are carried into the outbox; a malformed trace context is replaced")
        func traces() async throws {
            let api = try TestAPI.current
            let event = try api.event()
            let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
            let malformed = "00-00000000000000000000000000000000-00f067aa0ba902b7-01"
            for (header, isKept) in [(trace, true), (malformed, false), ("junk|x", false)] {
                let request = Request("POST", "/v1/bookings", event.claim()).by(TestAPI.newUser())
                let held = try api.ask(request.with("traceparent", header).with("X-Request-Id", "ticket-1"))
                #expect(held.status == 201)
                let record = try await record(of: held.id)
                #expect(record.requestID == "ticket-1")
                #expect((record.traceparent == header) == isKept)
                #expect(record.traceparent?.wholeMatch(of: /00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]/) != nil)
            }
        }

        @Test("a trace made by the server has the digits of the request's id")
        func made() async throws {
            let api = try TestAPI.current
            let event = try api.event()
            let held = try api.ask(Request("POST", "/v1/bookings", event.claim()).by(TestAPI.newUser()))
            let id = try #require(held.headers["x-request-id"])
            let trace = try await record(of: held.id).traceparent
            #expect(trace?.contains(id.replacing("-", with: "")) == true)
        }
    }
}
