/// The end of an event's sale, or of its owners' right to cancel.
package enum Cutoff: Sendable, Hashable {
    /// When the event starts; follows changes of the start time.
    case eventStart
    /// It does not end.
    case never
    /// At this time, Unix milliseconds.
    case at(Int64)

    /// The time, Unix milliseconds; `nil` if it does not end.
    ///
    /// - Parameter startsAt: when the event starts, Unix milliseconds.
    package func time(startsAt: Int64) -> Int64? {
        switch self {
        case .eventStart: startsAt
        case .never: nil
        case .at(let time): time
        }
    }
}
