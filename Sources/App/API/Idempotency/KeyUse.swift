/// What a request did with its idempotency key.
final class KeyUse {
    /// Whether this request recorded the key. If not, an existing record belongs to an earlier request, whose answer
    /// may have been lost: the record must stay, or the action would be done twice.
    var isOwn = false
}
