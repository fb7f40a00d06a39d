import Foundation
import Payments
import Support
import Testing

/// A callback of the provider.
struct Message {
    var type = "payment.success"
    var booking: String
    var transaction = "tx-\(UUID().uuidString)"
    var amount: Int64 = 4999
    var currency = "USD"
    var payment: String?
    var more = ""

    var body: String {
        let payment = payment.map { ",\"paymentId\":\"\($0)\"" } ?? ""
        return """
            {"type":"\(type)","bookingId":"\(booking)","transactionId":"\(transaction)","amount":\(amount),\
            "currency":"\(currency)"\(payment)\(more)}
            """
    }

    /// A changed copy.
    func but(_ change: (inout Message) -> Void) -> Message {
        var message = self
        change(&message)
        return message
    }

    /// The message of a failed charge.
    var failed: Message { but { $0.type = "payment.failed" } }
}

extension TestAPI {
    /// A signed callback, with a new id unless one is given.
    func callback(
        _ message: Message, id: String = "msg-\(UUID().uuidString)", age: Int64 = 0
    ) throws -> Request {
        let now = Int64(Date().timeIntervalSince1970) - age
        let signature = try #require(Self.signature)
        return Request("POST", "/v1/payments/callback", message.body)
            .with("webhook-id", id).with("webhook-timestamp", String(now))
            .with("webhook-signature", signature.sign(id: id, timestamp: now, body: Array(message.body.utf8)))
    }

    /// Sends a message and returns the outcome, or the code of a problem.
    func tell(_ message: Message, id: String = "msg-\(UUID().uuidString)") throws -> String {
        let answer = try ask(try callback(message, id: id))
        return (answer.status == 200 ? answer["outcome"]?.text : answer.code) ?? "\(answer.status)"
    }

    /// Waits until a query of PostgreSQL returns this count.
    func until(
        _ count: Int64, _ sql: String, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while true {
            // One query after the deadline counts too: a busy machine may not run this test until then.
            let isOver = ContinuousClock.now >= deadline
            if try await self.count(sql) == count { return }
            guard !isOver else {
                Issue.record("the count never was \(count): \(sql)", sourceLocation: sourceLocation)
                return
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    /// Waits until PostgreSQL has the booking and its payment in these states.
    func written(
        _ booking: String, _ status: String, payment: String?, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let paid = payment.map { "= '\($0)'" } ?? "IS NULL"
        try await until(
            1,
            """
            SELECT count(*) FROM bookings b LEFT JOIN payments p ON p.booking_id = b.id AND NOT p.is_stray
            WHERE b.id = '\(booking)' AND b.status = '\(status)' AND p.status \(paid)
            """, sourceLocation: sourceLocation)
    }

    /// An expired hold.
    func lapsed(_ event: TestEvent, by token: String) async throws -> Answer {
        let held = try claim(event, by: token)
        let read = try await until(
            { $0["status"]?.text == "EXPIRED" }, Request("GET", "/v1/bookings/\(held.id)").by(token))
        #expect(read["status"]?.text == "EXPIRED")
        return held
    }
}
