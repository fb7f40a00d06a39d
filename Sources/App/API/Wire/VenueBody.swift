import BoxOffice
import HTTP
import JSON
import Records
import Text

/// Parses halls.
enum VenueBody {
    private static let sectionLimit = 1000
    private static let rowLimit = 10_000

    /// Reads `sections`.
    ///
    /// - Parameter isNew: whether names have to be visible; older halls may have other names.
    static func sections(_ body: inout RequestBody, isNew: Bool = false) -> VenueLayout? {
        guard let objects = body.objects("sections", 1...sectionLimit) else { return nil }
        var sections: [VenueLayout.Section] = []
        var names: Set<ExactText> = []
        for var object in objects {
            let name = object.required("name", sign(&object, "name", isNew))
            let rows = object.required("rows", rows(&object, isNew))
            if let name, !names.insert(ExactText(name)).inserted {
                object.wrong("name", "Another section has this name.")
            }
            object.rejectUnknown()
            body.adopt(object)
            if let name, let rows { sections.append(VenueLayout.Section(name: name, rows: rows)) }
        }
        let layout = VenueLayout(sections: sections)
        if layout.seatCount > VenueLayout.maximumSeats {
            body.wrong("sections", "A hall has at most \(VenueLayout.maximumSeats) seats.")
        }
        return layout
    }

    private static func rows(_ section: inout RequestBody, _ isNew: Bool) -> [VenueLayout.Row]? {
        guard let objects = section.objects("rows", 1...rowLimit) else { return nil }
        var rows: [VenueLayout.Row] = []
        var names: Set<ExactText> = []
        for var object in objects {
            let name = object.required("name", sign(&object, "name", isNew))
            let seats = object.required("seats", object.texts("seats", 1...SeatPosition.maximumPlaces))
            if let name, !names.insert(ExactText(name)).inserted { object.wrong("name", "Another row has this name.") }
            if let seats, Set(seats.map { ExactText($0) }).count < seats.count {
                object.wrong("seats", "Two seats have the same name.")
            }
            if let seats, !seats.allSatisfy({ isSign($0, isNew) }) { object.wrong("seats", nameRule) }
            object.rejectUnknown()
            section.adopt(object)
            if let name, let seats { rows.append(VenueLayout.Row(name: name, seats: seats)) }
        }
        return rows
    }

    private static let nameRule =
        "It must be 1 to 32 characters, none of them a control character and one of them visible."

    private static func sign(_ object: inout RequestBody, _ name: String, _ isNew: Bool) -> String? {
        guard let text = object.text(name, 1...32) else { return nil }
        guard isSign(text, isNew) else {
            object.wrong(name, nameRule)
            return nil
        }
        return text
    }

    private static func isSign(_ text: String, _ isNew: Bool) -> Bool {
        (1...32).contains(text.unicodeScalars.count) && text.unicodeScalars.allSatisfy { $0.value >= 0x20 }
            && (!isNew || text.unicodeScalars.contains(where: \.isVisible))
    }

    /// The layout of a stored hall.
    static func layout(of venue: VenueRecord) throws(Problem) -> VenueLayout {
        guard let value = try? JSONReader.read(Array(venue.layout.utf8)) else { throw Self.unreadable }
        var body = RequestBody([("sections", value)], "")
        guard let layout = sections(&body), body.errors.isEmpty else { throw Self.unreadable }
        return layout
    }

    private static let unreadable = Problem(.internalError, "Something went wrong here.")
}
