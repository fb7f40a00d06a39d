import EventLoop
import Inventory
import Payments
import Settlement

/// Who takes the money.
extension Settings {
    /// Makes a loop's connection to the provider.
    func gateway() throws -> @Sendable (EventLoop, Inventory) -> any PaymentGateway {
        if let url = try paymentProvider() { return { loop, _ in HTTPGateway(loop: loop, url: url) } }
        let behaviour = try simulation()
        return { loop, inventory in SimulatedGateway(loop: loop, inventory: inventory, behaviour: behaviour) }
    }

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

    /// How the simulated provider behaves.
    private func simulation() throws -> SimulatedGateway.Behaviour {
        var behaviour = SimulatedGateway.Behaviour()
        behaviour.delay = .milliseconds(try integer("USHER_PAYMENT_DELAY_MS", 0...60000, usual: 0))
        behaviour.callback =
            text("USHER_SIM_CALLBACK_MS") == "off"
            ? nil : .milliseconds(try integer("USHER_SIM_CALLBACK_MS", 0...3_600_000, usual: 1000))
        return behaviour
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
