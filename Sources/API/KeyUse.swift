/// What a request has done with its idempotency key.
final class KeyUse {
    /// Whether it was this request that recorded the key. If not, a record that is there is an earlier request's, whose
    /// answer may have been lost: it must stay, or the same would be done once more.
    var isOwn = false
}
