import BoxOffice

/// Members of an event's body with rules beyond their type.
extension RequestBody {
    /// A text with at least one visible character.
    mutating func visibleText(_ name: String, _ length: ClosedRange<Int>) -> String? {
        guard let text = text(name, length) else { return nil }
        guard text.unicodeScalars.contains(where: \.isVisible) else {
            wrong(name, "It must not be blank.")
            return nil
        }
        return text
    }

    /// The end of a period: as sent, with null for never; `nil` if the member is missing or invalid.
    mutating func cutoff(_ name: String) -> Cutoff? {
        guard has(name) else {
            _ = value(name)
            return nil
        }
        guard value(name) != nil else { return .never }
        return time(name).map { .at($0) }
    }

    /// The name of a time zone; `nil` if it is missing or invalid.
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
    /// Whether the scalar is visible: no white space, no control or format character, and nothing that renders as
    /// nothing.
    var isVisible: Bool {
        !properties.isWhitespace && !properties.isDefaultIgnorableCodePoint && properties.generalCategory != .control
            && properties.generalCategory != .format
    }
}
