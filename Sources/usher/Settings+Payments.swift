import Payments

extension Settings {
    /// Whether a text is an address that libcurl may be given: `http` or `https`, a host, no query.
    static func isWebAddress(_ text: String) -> Bool {
        let rest = text.hasPrefix("https://") ? text.dropFirst(8) : text.hasPrefix("http://") ? text.dropFirst(7) : ""
        return rest.first.map { $0 != "/" } ?? false && rest.utf8.allSatisfy { (0x21...0x7e).contains($0) }
            && !rest.contains { "?#".contains($0) }
    }

    /// The address of the payment provider, without a slash at its end; `nil` for the simulated one. It may hold
    /// credentials: no message quotes it.
    func paymentProvider() throws -> String? {
        guard var url = text("USHER_PAYMENT_GATEWAY"), url != "simulated" else { return nil }
        while url.hasSuffix("/") { url.removeLast() }
        guard Self.isWebAddress(url) else {
            throw Failure("USHER_PAYMENT_GATEWAY must be “simulated” or an http or https address.")
        }
        return url
    }

    /// By which callbacks are signed and known; `nil` without a secret.
    func webhookSignature() throws -> WebhookSignature? {
        guard let secrets = text("USHER_WEBHOOK_SECRETS") else { return nil }
        guard let signature = WebhookSignature(secrets: secrets.split(separator: ",").map(String.init)) else {
            throw Failure("USHER_WEBHOOK_SECRETS must be secrets of whsec_ and base64, separated by commas.")
        }
        return signature
    }
}
