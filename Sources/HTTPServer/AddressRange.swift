import Glibc

/// An IPv4 or IPv6 address; IPv4 as the IPv6 address that maps it (RFC 4291, section 2.5.5.2).
struct IPAddress: Equatable {
    let bits: UInt128

    /// `::ffff:0:0`, where IPv4 begins.
    static let mapped: UInt128 = 0xffff << 32

    /// Reads an address without zone and port. The corresponding C function is `inet_pton`.
    init?(_ text: String) {
        var four: UInt32 = 0
        if unsafe inet_pton(AF_INET, text, &four) == 1 {
            bits = Self.mapped | UInt128(UInt32(bigEndian: four))
            return
        }
        var sixteen: UInt128 = 0
        guard unsafe inet_pton(AF_INET6, text, &sixteen) == 1 else { return nil }
        bits = UInt128(bigEndian: sixteen)
    }

    /// What one subscriber is given: an IPv4 address as it is, of IPv6 a /64 network, each of whose addresses it may use
    /// (RFC 4291, section 2.5.4; RFC 6177). An IPv4 address that IPv6 maps is IPv4.
    ///
    /// - Parameter text: an address; anything else comes back as it is.
    static func subscriber(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: ":")), let bits = IPAddress(text)?.bits else { return text }
        guard bits >> 32 != mapped >> 32 else {
            return stride(from: 24, through: 0, by: -8).map { String(bits >> UInt128($0) & 0xff) }
                .joined(separator: ".")
        }
        return stride(from: 112, through: 64, by: -16).map { String(bits >> UInt128($0) & 0xffff, radix: 16) }
            .joined(separator: ":") + "::/64"
    }
}

/// The addresses that begin with the same bits (RFC 4632; RFC 4291, section 2.3).
public struct AddressRange: Sendable {
    private let first: UInt128
    /// How many leading bits are the same, of 128.
    private let length: Int

    /// Reads an address, or `10.0.0.0/8` and the like.
    ///
    /// - Returns: `nil` for anything else, bits after the prefix included.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = parts.first.flatMap({ IPAddress(String($0)) }) else { return nil }
        let width = text.contains(":") ? 128 : 32
        var prefix = width
        if parts.count == 2 {
            guard parts[1].utf8.allSatisfy({ (48...57).contains($0) }), let number = Int(parts[1]), number <= width
            else { return nil }
            prefix = number
        }
        length = 128 - width + prefix
        first = address.bits
        guard first == Self.leading(length, of: first) else { return nil }
    }

    /// Whether it is so wide that whoever has an address might be within: IPv4 beyond `/8`, IPv6 beyond `/7`, which is
    /// how wide the widest private networks are (RFC 1918, RFC 4193).
    public var isTooWide: Bool {
        length < 7 || length < 104 && Self.leading(min(length, 96), of: IPAddress.mapped) == Self.leading(96, of: first)
    }

    func contains(_ address: IPAddress) -> Bool { Self.leading(length, of: address.bits) == first }

    private static func leading(_ count: Int, of bits: UInt128) -> UInt128 {
        count == 0 ? 0 : (bits >> (128 - count)) << (128 - count)
    }
}
