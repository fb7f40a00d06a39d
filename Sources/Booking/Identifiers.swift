/// A name that is any UUID; each kind of thing has a type of its own, so that none is taken for another.
public protocol UUIDIdentifier: Hashable, Sendable, CustomStringConvertible {
    /// Its bytes.
    var uuid: UUIDBytes { get }
    /// Names the thing with these bytes.
    init(_ uuid: UUIDBytes)
}

extension UUIDIdentifier {
    /// Reads the text form; `nil` when it is no UUID.
    public init?(_ text: String) {
        guard let uuid = UUIDBytes(text) else { return nil }
        self.init(uuid)
    }

    /// The same of a part of a text.
    public init?(_ text: Substring) {
        guard let uuid = UUIDBytes(text) else { return nil }
        self.init(uuid)
    }

    /// The text form.
    public var description: String { uuid.description }
}

/// Names one event.
public struct EventID: UUIDIdentifier {
    /// Its bytes.
    public let uuid: UUIDBytes
    /// Names the event with these bytes.
    public init(_ uuid: UUIDBytes) { self.uuid = uuid }
}

/// Names one tier of one event.
public struct TierID: UUIDIdentifier {
    /// Its bytes.
    public let uuid: UUIDBytes
    /// Names the tier with these bytes.
    public init(_ uuid: UUIDBytes) { self.uuid = uuid }
}

/// Names one payment attempt or refundable charge.
public struct PaymentID: UUIDIdentifier {
    /// Its bytes.
    public let uuid: UUIDBytes
    /// Names the payment with these bytes.
    public init(_ uuid: UUIDBytes) { self.uuid = uuid }
}

/// Names one block of an event.
public struct BlockID: UUIDIdentifier {
    /// Its bytes.
    public let uuid: UUIDBytes
    /// Names the block with these bytes.
    public init(_ uuid: UUIDBytes) { self.uuid = uuid }
}

/// Names one venue.
public struct VenueID: UUIDIdentifier {
    /// Its bytes.
    public let uuid: UUIDBytes
    /// Names the venue with these bytes.
    public init(_ uuid: UUIDBytes) { self.uuid = uuid }
}

/// Names one booking: a UUIDv7 whose 12 `rand_a` bits are the partition, so that it is found without its event.
public struct BookingID: Hashable, Sendable, CustomStringConvertible {
    /// Its bytes.
    public let uuid: UUIDBytes

    /// Makes an id (RFC 9562, section 5.7, with `rand_a` as the partition).
    ///
    /// - Parameters:
    ///   - partition: where the booking's event lives.
    ///   - milliseconds: Unix time, for the order of ids only; 48 bits are used.
    ///   - random: 62 bits of it are used; must come from a good source.
    public init(partition: Partition, milliseconds: Int64, random: UInt64) {
        let time = UInt64(truncatingIfNeeded: milliseconds) & 0xffff_ffff_ffff
        uuid = UUIDBytes(
            high: time << 16 | 0x7000 | UInt64(partition.number),
            low: random & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000)
    }

    /// Reads the text form.
    ///
    /// - Returns: `nil` when it is no UUIDv7 of a partition below `partitions`; such a booking cannot exist.
    public init?(_ text: String, partitions: Int) {
        guard let uuid = UUIDBytes(text), uuid.version == 7, Int(uuid.high & 0xfff) < partitions else { return nil }
        self.uuid = uuid
    }

    /// The same of text that is still bytes.
    public init?(utf8 text: ArraySlice<UInt8>, partitions: Int) {
        guard let uuid = UUIDBytes(utf8: text), uuid.version == 7, Int(uuid.high & 0xfff) < partitions else {
            return nil
        }
        self.uuid = uuid
    }

    /// Takes an id that a store of ours gave back.
    public init(stored uuid: UUIDBytes) { self.uuid = uuid }

    /// Where the booking lives.
    public var partition: Partition { Partition(UInt16(uuid.high & 0xfff)) }

    /// The text form.
    public var description: String { uuid.description }
}
