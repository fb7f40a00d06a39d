import Glibc

/// An IPv4 or IPv6 address. IPv4 is stored as its IPv4-mapped IPv6 address (RFC 4291, section 2.5.5.2).
struct IPAddress: Equatable {
    let bits: UInt128

    /// `::ffff:0:0`, the start of the IPv4-mapped range.
    static let mapped: UInt128 = 0xffff << 32

    /// Parses an address without zone or port, with `inet_pton`.
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

    /// The network that one subscriber is assigned: an IPv4 address itself; for IPv6 its /64, because a subscriber may
    /// use every address in it (RFC 4291, section 2.5.4; RFC 6177). An IPv4-mapped IPv6 address counts as IPv4.
    ///
    /// - Parameter text: an address; any other text is returned unchanged.
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

/// A CIDR range (RFC 4632; RFC 4291, section 2.3).
package struct AddressRange: Sendable {
    private let first: UInt128
    /// Prefix length, of 128 bits.
    private let length: Int

    /// Parses an address or a CIDR range such as `10.0.0.0/8`.
    ///
    /// - Returns: `nil` for anything else, including a range with bits set after the prefix.
    package init?(_ text: some StringProtocol) {
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

    /// Whether the range is wider than the widest private networks: IPv4 beyond `/8`, IPv6 beyond `/7` (RFC 1918, RFC
    /// 4193). Arbitrary clients could have an address in such a range.
    package var isTooWide: Bool {
        length < 7 || length < 104 && Self.leading(min(length, 96), of: IPAddress.mapped) == Self.leading(96, of: first)
    }

    func contains(_ address: IPAddress) -> Bool { Self.leading(length, of: address.bits) == first }

    private static func leading(_ count: Int, of bits: UInt128) -> UInt128 {
        count == 0 ? 0 : (bits >> (128 - count)) << (128 - count)
    }
}
