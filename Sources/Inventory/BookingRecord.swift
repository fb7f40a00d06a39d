import Booking

/// What Redis keeps of a booking: its image, the epoch it was written under and its outbox entry.
struct BookingRecord {
    let image: BookingImage
    let epoch: String
    /// Absent in a record that was loaded from PostgreSQL.
    let entry: StreamID?

    /// Reads the 19 fields of a record; `nil` when they are malformed.
    init?(text: some StringProtocol) {
        let fields = Substring(text).split(separator: "|", omittingEmptySubsequences: false)
        guard fields.count == BookingImage.fieldCount + 2,
            let image = BookingImage(fields: fields[..<BookingImage.fieldCount])
        else { return nil }
        self.image = image
        self.epoch = String(fields[BookingImage.fieldCount])
        self.entry = StreamID(fields[BookingImage.fieldCount + 1])
    }
}
