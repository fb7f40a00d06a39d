import Booking

/// Members of an event's body that mean more than their type.
extension RequestBody {
    /// A text that people can see.
    mutating func visibleText(_ name: String, _ length: ClosedRange<Int>) -> String? {
        guard let text = text(name, length) else { return nil }
        guard text.unicodeScalars.contains(where: \.isVisible) else {
            wrong(name, "It must not be blank.")
            return nil
        }
        return text
    }

    /// When something ends: what was sent, with null for never; `nil` when the member was not sent, or is wrong.
    mutating func cutoff(_ name: String) -> Cutoff? {
        guard has(name) else {
            _ = value(name)
            return nil
        }
        guard value(name) != nil else { return .never }
        return time(name).map { .at($0) }
    }

    /// The name of a time zone; `nil` when it is missing or wrong.
    mutating func timeZone(_ name: String) -> TimeZoneName? {
        guard let text = text(name, 1...64) else { return nil }
        guard let zone = TimeZoneName(text) else {
            wrong(name, "It must be the name of a time zone such as Europe/Kyiv (IANA).")
            return nil
        }
        return zone
    }
}

extension Unicode.Scalar {
    /// Whether it shows: it is no space, no control character, and nothing that is not drawn.
    var isVisible: Bool {
        !properties.isWhitespace && !properties.isDefaultIgnorableCodePoint && properties.generalCategory != .control
            && properties.generalCategory != .format
    }
}
