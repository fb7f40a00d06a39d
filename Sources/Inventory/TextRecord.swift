import Booking

/// What Redis kept of a booking in the first form: its image, the epoch it was written under and its outbox entry.
struct TextRecord {
    let image: BookingImage
    let epoch: String
    /// Absent in a record that was loaded from PostgreSQL.
    let entry: StreamID?

    /// Reads the 19 fields of a record; `nil` when they are malformed.
    init?(text: String) { self.init(utf8: Array(text.utf8)[...]) }

    /// The same of text that is still bytes.
    init?(utf8 text: ArraySlice<UInt8>) {
        var reader = FieldReader(text, separator: "|")
        guard let image = BookingImage(&reader), let epoch = reader.text(), let entry = reader.text(), reader.isAtEnd
        else { return nil }
        self.image = image
        self.epoch = epoch
        self.entry = StreamID(entry)
    }
}
