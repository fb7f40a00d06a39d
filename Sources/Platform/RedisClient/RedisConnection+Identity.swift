import Loops

extension RedisConnection {
    /// The server's identity.
    ///
    /// - Throws: `.identityUnknown` while it is unknown.
    package func knownIdentity() throws(RedisError) -> RedisIdentity {
        guard let identity else {
            throw RedisError(.identityUnknown, isConnected ? "the server's identity is not known yet" : lastFailure)
        }
        return identity
    }

    func scheduleIdentityCheck(_ now: Int64) {
        nextIdentityCheck = now + configuration.identityInterval.nanoseconds
    }

    /// Queries the identity when it is due.
    func checkIdentity(_ now: Int64) {
        guard now >= nextIdentityCheck else { return }
        scheduleIdentityCheck(now)
        askIdentity()
    }

    /// Clears the identity and queries it at once. If a query is already pending, it is executed after the command that
    /// raised the doubt, since replies are in order; so its answer is fresh enough.
    func doubtIdentity() {
        identity = nil
        askIdentity()
    }

    private func askIdentity() {
        guard isConnected, !identityAsked else { return }
        identityAsked = true
        enqueueAlways(
            RedisIdentity.question,
            .callback { [self] result in
                identityAsked = false
                // Losing the connection has already cleared the identity.
                guard isConnected else { return }
                let value = try? result.get()
                identity = value?.bytes.flatMap { RedisIdentity(info: $0) }
            })
    }
}
