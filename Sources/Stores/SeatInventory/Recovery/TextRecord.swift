import BoxOffice

/// A booking's record in the first form of Redis's data: its image, its epoch and its outbox entry.
struct TextRecord {
    let image: Booking
    let epoch: String
    /// Absent in a record that was loaded from PostgreSQL.
    let entry: StreamID?

    /// Parses the 19 fields of a record; `nil` if they are malformed.
    init?(text: String) { self.init(utf8: Array(text.utf8)[...]) }

    /// Parses a record from UTF-8 bytes.
    init?(utf8 text: ArraySlice<UInt8>) {
        var reader = FieldReader(text, separator: "|")
        guard let image = Booking(&reader), let epoch = reader.text(), let entry = reader.text(), reader.isAtEnd
        else { return nil }
        self.image = image
        self.epoch = epoch
        self.entry = StreamID(entry)
    }
}
