import HTTP

/// Errors of the caller's credentials and of the request.
extension ProblemKind {
    static let idempotencyKeyInvalid = ProblemKind(
        "idempotency-key-invalid", 400, "The Idempotency-Key is not valid",
        """
        The key must be 1 to 255 visible ASCII characters, bare or as one quoted string, and be sent once; if the \
        body has `idempotencyKey` as well, both must be the same. A random UUID for each thing you want done is a good \
        key.
        """)
    static let idempotencyKeyMissing = ProblemKind(
        "idempotency-key-missing", 400, "An Idempotency-Key is required",
        """
        This installation accepts such requests only with an `Idempotency-Key` header, so that a request whose answer \
        was lost can be repeated without being done twice. Send a new random key with each new request, and the same \
        one when you repeat it.
        """)
    static let unauthorized = ProblemKind(
        "unauthorized", 401, "Sign in first",
        """
        The call needs an access token (`Authorization: Bearer …`) or an API key (`X-API-Key`), and there is none, or \
        it is wrong or has expired. Sign in, or exchange the refresh token for a new pair, and send the request again.
        """)
    static let invalidCredentials = ProblemKind(
        "invalid-credentials", 401, "The address or the password is wrong",
        """
        There is no account with this address and password. Check both; capitals matter in the password. After many \
        wrong passwords further attempts have to wait (429).
        """)
    static let refreshReused = ProblemKind(
        "refresh-reused", 401, "The session is over",
        """
        The refresh token was used before, so it may be in somebody else's hands: the whole session was ended. Sign in \
        again. A client must keep the newest refresh token of its session and never send an older one.
        """)
    static let badSignature = ProblemKind(
        "bad-signature", 401, "The signature is wrong",
        """
        The callback is not signed with a secret of this server, or its timestamp is more than five minutes off. Sign \
        the exact bytes of the body as Standard Webhooks has it, with a secret of `USHER_WEBHOOK_SECRETS`, and check \
        the sender's clock.
        """)
    static let forbidden = ProblemKind(
        "forbidden", 403, "You may not do this",
        """
        The credentials are good, but their owner may not make this call: it is for administrators or for services. \
        Use an account that has the role.
        """)
    static let preconditionFailed = ProblemKind(
        "precondition-failed", 412, "It was changed in the meantime",
        """
        Somebody has changed it since you read it, so that your change would overwrite theirs. Read it again, apply \
        your change to what it is now, and send its new `ETag` in `If-Match`.
        """)
    static let unsupportedMediaType = ProblemKind(
        "unsupported-media-type", 415, "The body must be JSON",
        "Send the body as JSON, uncompressed, with the header `Content-Type: application/json`.")
    static let idempotencyKeyReused = ProblemKind(
        "idempotency-key-reused", 422, "The Idempotency-Key belongs to another request",
        """
        This key was sent before with a different request. What that one did stands; this one was not done. Use a new \
        key for every new request, and an old one only to repeat the very same request.
        """)
    static let idempotencyInProgress = ProblemKind(
        "idempotency-in-progress", 409, "The first request is still running", mayPass: true,
        """
        A request with the same `Idempotency-Key` is being worked on. Wait as long as `Retry-After` says and send the \
        same request again: you will get the answer of the first.
        """)
    static let rateLimited = ProblemKind(
        "rate-limited", 429, "Too many requests",
        """
        You have reached a limit on how often this may be asked or tried; nothing was done. Wait as long as \
        `Retry-After` says. `RateLimit` and `RateLimit-Policy`, where they are sent, tell which limit it is and what \
        is left of it.
        """)
    static let emailTaken = ProblemKind(
        "email-taken", 409, "There is an account with this address",
        "Somebody has registered this e-mail address. If it is yours, sign in instead; else use another address.")
    static let lastAdministrator = ProblemKind(
        "last-administrator", 409, "Nobody would be an administrator any more",
        """
        The last administrator who can log in cannot lose the role, be disabled or be erased. Give the role to somebody \
        else first, or use the command `usher user`.
        """)
}
