import EventLoop

extension RedisConnection {
    /// Which server answers.
    ///
    /// - Throws: `.identityUnknown` while that is not known.
    public func knownIdentity() throws(RedisError) -> RedisIdentity {
        guard let identity else {
            throw RedisError(.identityUnknown, isConnected ? "the server has not said which it is" : lastFailure)
        }
        return identity
    }

    func scheduleIdentityCheck(_ now: Int64) {
        nextIdentityCheck = now + configuration.identityInterval.nanoseconds
    }

    /// Asks again when it is time.
    func checkIdentity(_ now: Int64) {
        guard now >= nextIdentityCheck else { return }
        scheduleIdentityCheck(now)
        askIdentity()
    }

    /// Forgets the identity and asks at once. A question that is under way already is executed after the command that
    /// raised the doubt, since replies are in order: its answer is as fresh as a new one's.
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
                // A lost connection has already made it unknown.
                guard isConnected else { return }
                let value = try? result.get()
                identity = value?.bytes.flatMap { RedisIdentity(info: $0) }
            })
    }
}
