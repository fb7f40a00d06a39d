import Payments
import Testing

@testable import API

@Suite("Usual bodies of payments")
struct QuickPaymentTests {
    @Test(
        "are parsed as the full parser does, and are the same request",
        arguments: [
            "{\"cardNumber\":\"4242424242424242\"}", " { \"cardNumber\" : \"424242424242\" } ",
            "{\"expYear\":0,\"cvc\":\"1234\",\"expMonth\":12,\"cardNumber\":\"4242424242424242424\"}",
            "{\"token\":\"tok_/1 2\"}", "{\"token\":\"t\",\"expMonth\":1,\"cvc\":\"000\",\"expYear\":9999}",
        ])
    func usual(text: String) throws {
        let quick = try #require(QuickPayment(Array(text.utf8)[...]))
        var body = try RequestBody(bytes: Array(text.utf8))
        let means = try #require(PaymentMeansBody.members(&body)?.means)
        try body.finish()
        #expect(quick.means.secret == means.secret)
        var canonical: [UInt8] = []
        quick.appendCanonical(to: &canonical)
        #expect(canonical == body.canonical)
    }

    @Test(
        "all others are left to the full parser",
        arguments: [
            "", "{}", "[]", "{\"cardNumber\":\"4242 4242 4242 4242\"}", "{\"cardNumber\":\"42424242424\"}",
            "{\"cardNumber\":\"42424242424242424242\"}", "{\"cardNumber\":\"424242424242424x\"}", "{\"token\":\"\"}",
            "{\"token\":\"a\\u0041\"}", "{\"token\":\"é\"}", "{\"token\":\"a\"} x", "{\"token\":\"a\",}",
            "{\"token\":\"a\"",
            "{\"token\":\"a", "{\"token\":\"a\",\"cardNumber\":\"4242424242424242\"}",
            "{\"token\":\"a\",\"token\":\"a\"}",
            "{\"token\":\"a\",\"expMonth\":0}", "{\"token\":\"a\",\"expMonth\":13}",
            "{\"token\":\"a\",\"expMonth\":1.0}",
            "{\"token\":\"a\",\"expYear\":10000}", "{\"token\":\"a\",\"expYear\":01}", "{\"token\":\"a\",\"cvc\":123}",
            "{\"token\":\"a\",\"cvc\":\"12\"}", "{\"token\":\"a\",\"cvc\":\"12x\"}", "{\"token\":\"a\",\"other\":1}",
            "{\"token\":null}", "{\"token\":\"a\",\"idempotencyKey\":\"k\"}",
        ])
    func others(text: String) { #expect(QuickPayment(Array(text.utf8)[...]) == nil) }
}
