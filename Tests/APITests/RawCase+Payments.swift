import Foundation

extension RawCase {
    /// Valid and invalid bodies of payments, for another user's booking, so that none is paid.
    static let paymentBodies = [
        Card.body(Card.good), "{\"token\":\"tok_1 2\"}", "{\"token\":\"\"}", "{\"token\":\"a\\u0041\"}",
        "{\"token\":7}",
        "{\"cardNumber\":\"4242 4242 4242 4242\"}", "{\"cardNumber\":\"4242\"}",
        "{\"cardNumber\":\"424242424242424x\"}",
        "{\"cardNumber\":4242424242424242}", "{\"cardNumber\":null}", "{}", "", "[]", "{\"cardNumber\":",
        "{\"cardNumber\":\"4242424242424242\",\"token\":\"t\"}", "{\"cardNumber\":\"4242424242424242\",\"x\":1}",
        "{\"cardNumber\":\"4242424242424242\",\"cardNumber\":\"4242424242424242\"}",
        "{\"cardNumber\":\"4242424242424242\",\"expMonth\":13}",
        "{\"cardNumber\":\"4242424242424242\",\"expMonth\":01}",
        "{\"cardNumber\":\"4242424242424242\",\"expMonth\":0}",
        "{\"cardNumber\":\"4242424242424242\",\"expYear\":20300}",
        "{\"cardNumber\":\"4242424242424242\",\"cvc\":\"12\"}", "{\"cardNumber\":\"4242424242424242\"} x",
    ].enumerated().map { index, body in
        RawCase("payment \(index): \(body)") { $0.payment(body, of: $0.others, key: "pb-\(index)") }
    }

    /// Payments, their keys and their callers.
    static let payments = [
        RawCase("payment of nothing") { $0.payment(Card.body(Card.good), of: "00000000-0000-7000-8000-000000000000") },
        RawCase("payment of no id") { $0.payment(Card.body(Card.good), of: "x") },
        RawCase("payment without a key") { $0.payment(Card.body(Card.good), of: $0.others) },
        RawCase("payment with a bad key") {
            $0.payment(Card.body(Card.good), of: $0.others, "Idempotency-Key: a b\r\n")
        },
        RawCase("payment by a stranger") { scene in
            scene.payment(Card.body(Card.good), of: scene.others)
                .replacingOccurrences(of: scene.token("reader"), with: "Authorization: Bearer x\r\n")
        },
        RawCase("declined") { $0.payment(Card.body(Card.declined), of: $0.booking, key: "p0") },
        RawCase("declined, again") { $0.payment(Card.body(Card.declined), of: $0.booking, key: "p0") },
        RawCase("paid") {
            $0.payment(
                "{\"cvc\":\"123\",\"expYear\":2030, \"cardNumber\":\"\(Card.good)\",\"expMonth\":1}", of: $0.booking,
                key: "p1")
        },
        RawCase("paid, again") {
            $0.payment(
                "{\"cardNumber\":\"\(Card.good)\",\"expMonth\":1,\"expYear\":2030,\"cvc\":\"123\"}", of: $0.booking,
                key: "p1")
        },
        RawCase("paid, in other words") {
            $0.payment(
                "{\"cardNumber\":\"4242 4242 4242 4242\",\"expMonth\":1.0,\"expYear\":2030,\"cvc\":\"123\",\"token\":null}",
                of: $0.booking, key: "p1")
        },
        RawCase("paid, its key for another card") { $0.payment(Card.body(Card.poor), of: $0.booking, key: "p1") },
        RawCase("paid before") { $0.payment("{\"token\":\"tok\"}", of: $0.booking, key: "p2") },
        RawCase("paid before, without waiting") {
            $0.payment(Card.body(Card.good), of: $0.booking, key: "p3", "Prefer: respond-async\r\n")
        },
    ]
}
