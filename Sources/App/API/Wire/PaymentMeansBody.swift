import BoxOffice
import HTTP
import Payments

/// `{cardNumber, expMonth?, expYear?, cvc?}`, `{token}`, or `{}` for a booking that costs nothing.
struct PaymentMeansBody {
    /// `nil` if the client sent none.
    let means: PaymentMeans?

    /// Reads the member `name`; `nil` if it is missing or invalid (errors are collected).
    static func read(_ body: inout RequestBody, _ name: String) -> PaymentMeansBody? {
        guard var nested = body.object(name) else { return nil }
        let means = members(&nested)
        nested.rejectUnknown()
        body.adopt(nested)
        return means
    }

    /// Reads the members of `body` itself; `nil` if any is invalid (errors are collected).
    static func members(_ body: inout RequestBody) -> PaymentMeansBody? {
        let card = body.text("cardNumber", 12...23)
        let token = body.text("token", 1...255)
        _ = body.integer("expMonth", 1...12)
        _ = body.integer("expYear", 0...9999)
        if let code = body.text("cvc", 3...4), !isDigits(code) { body.wrong("cvc", "It must have 3 or 4 digits.") }
        if card != nil, token != nil { body.wrong("token", "Send either a token or a cardNumber, not both.") }
        if let card {
            let digits = card.filter { $0 != " " }
            guard (12...19).contains(digits.utf8.count), isDigits(digits) else {
                body.wrong("cardNumber", "It must have 12 to 19 digits.")
                return nil
            }
            return PaymentMeansBody(means: PaymentMeans(secret: digits))
        }
        if let token { return PaymentMeansBody(means: PaymentMeans(secret: token)) }
        return PaymentMeansBody(means: nil)
    }

    /// 400 for a booking with a price if the client sent no means of payment.
    ///
    /// - Parameter pointer: the JSON pointer at which the means belong.
    static func missing(_ pointer: String, for image: Booking) -> Problem {
        .invalid([
            (
                "\(pointer)/cardNumber",
                "The booking costs \(image.totalAmount) minor units of \(image.currency), so it needs a cardNumber or a token."
            )
        ])
    }

    private static func isDigits(_ text: String) -> Bool { text.utf8.allSatisfy { (48...57).contains($0) } }
}
