/// An id that is any UUID; each kind of thing has its own type, so that ids of different kinds cannot be mixed up.
package protocol UUIDIdentifier: Hashable, Sendable, CustomStringConvertible {
    var uuid: UUIDBytes { get }
    init(_ uuid: UUIDBytes)
}

extension UUIDIdentifier {
    /// Parses the text form; `nil` if it is not a UUID.
    package init?(_ text: String) {
        guard let uuid = UUIDBytes(text) else { return nil }
        self.init(uuid)
    }

    /// Parses a part of a text.
    package init?(_ text: Substring) {
        guard let uuid = UUIDBytes(text) else { return nil }
        self.init(uuid)
    }

    package var description: String { uuid.description }
}

package struct EventID: UUIDIdentifier {
    package let uuid: UUIDBytes
    package init(_ uuid: UUIDBytes) { self.uuid = uuid }
}

/// Identifies a tier of an event.
package struct TierID: UUIDIdentifier {
    package let uuid: UUIDBytes
    package init(_ uuid: UUIDBytes) { self.uuid = uuid }
}

/// Identifies a payment attempt or refundable charge.
package struct PaymentID: UUIDIdentifier {
    package let uuid: UUIDBytes
    package init(_ uuid: UUIDBytes) { self.uuid = uuid }
}

/// Identifies a block of an event.
package struct BlockID: UUIDIdentifier {
    package let uuid: UUIDBytes
    package init(_ uuid: UUIDBytes) { self.uuid = uuid }
}

package struct VenueID: UUIDIdentifier {
    package let uuid: UUIDBytes
    package init(_ uuid: UUIDBytes) { self.uuid = uuid }
}

/// Identifies a booking: a UUIDv7 whose 12 `rand_a` bits are the partition, so that it is found without its event.
package struct BookingID: Hashable, Sendable, CustomStringConvertible {
    package let uuid: UUIDBytes

    /// Makes an id (RFC 9562, section 5.7, with `rand_a` as the partition).
    ///
    /// - Parameters:
    ///   - partition: the partition of the booking's event.
    ///   - milliseconds: Unix time, for the order of ids only; 48 bits are used.
    ///   - random: 62 bits of it are used; must come from a good source.
    package init(partition: Partition, milliseconds: Int64, random: UInt64) {
        let time = UInt64(truncatingIfNeeded: milliseconds) & 0xffff_ffff_ffff
        uuid = UUIDBytes(
            high: time << 16 | 0x7000 | UInt64(partition.number),
            low: random & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000)
    }

    /// Parses the text form.
    ///
    /// - Returns: `nil` if it is not a UUIDv7 of a partition below `partitions`; such a booking cannot exist.
    package init?(_ text: String, partitions: Int) {
        guard let uuid = UUIDBytes(text), uuid.version == 7, Int(uuid.high & 0xfff) < partitions else { return nil }
        self.uuid = uuid
    }

    /// Parses the text form from UTF-8 bytes.
    package init?(utf8 text: ArraySlice<UInt8>, partitions: Int) {
        guard let uuid = UUIDBytes(utf8: text), uuid.version == 7, Int(uuid.high & 0xfff) < partitions else {
            return nil
        }
        self.uuid = uuid
    }

    /// Takes an id read from one of our stores.
    package init(stored uuid: UUIDBytes) { self.uuid = uuid }

    /// The partition of the booking and its event.
    package var partition: Partition { Partition(UInt16(uuid.high & 0xfff)) }

    package var description: String { uuid.description }
}
