/// When something about an event ends: its sale, or its owners' right to cancel.
public enum Cutoff: Sendable, Hashable {
    /// When the event begins, also after that has changed.
    case eventStart
    /// It does not end.
    case never
    /// At this time, Unix milliseconds.
    case at(Int64)

    /// The time, Unix milliseconds; `nil` when it does not end.
    ///
    /// - Parameter startsAt: when the event begins, Unix milliseconds.
    public func time(startsAt: Int64) -> Int64? {
        switch self {
        case .eventStart: startsAt
        case .never: nil
        case .at(let time): time
        }
    }
}
