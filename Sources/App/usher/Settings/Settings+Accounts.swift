import Accounts

extension Settings {
    /// The configuration of accounts: lifetimes of tokens, limits, and the outside identity provider, if any.
    func accounts() throws -> AccountsConfiguration {
        AccountsConfiguration(
            accessLifetime: try lifetime("USHER_ACCESS_TOKEN_TTL", usual: "15m", atMost: "1d"),
            refreshLifetime: try lifetime("USHER_REFRESH_TOKEN_TTL", usual: "7d", atMost: "366d"),
            outside: try outsideIssuer(), limits: try accountLimits())
    }

    /// These settings with the secret that `dev` generated, unless a secret is set.
    func withStoredSecret() -> Settings {
        guard text("USHER_JWT_SECRET") == nil, let kept = DataDirectory(self).storedSecret else { return self }
        var settings = self
        settings.variables["USHER_JWT_SECRET"] = kept
        return settings
    }

    /// Parses `90`, `90s`, `15m`, `1h` or `7d` to seconds; `nil` if malformed or out of range.
    static func seconds(_ text: String) -> Int64? {
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        let unit = text.last.flatMap { units[$0] }
        guard let number = Int64(unit == nil ? text : String(text.dropLast())), (1...1_000_000_000).contains(number)
        else { return nil }
        return number * (unit ?? 1)
    }

    /// How long entries of the audit log are kept, in seconds.
    func auditRetention() throws -> Int64 { try lifetime("USHER_AUDIT_RETENTION", usual: "400d", atMost: "10000d") }

    private func lifetime(_ name: String, usual: String, atMost: String) throws -> Int64 {
        let text = text(name) ?? usual
        guard let seconds = Self.seconds(text), let most = Self.seconds(atMost), seconds <= most else {
            throw Failure("\(name) must be a time such as 900, 15m, 1h or 7d, at most \(atMost), not “\(text)”.")
        }
        return seconds
    }

    private func outsideIssuer() throws -> OutsideIssuer? {
        guard let keysURL = text("USHER_OIDC_JWKS_URL") else {
            for name in ["USHER_OIDC_ISSUER", "USHER_OIDC_AUDIENCE", "USHER_OIDC_ROLES_CLAIM"] where text(name) != nil {
                throw Failure("\(name) is set, but USHER_OIDC_JWKS_URL is missing.")
            }
            return nil
        }
        guard keysURL.hasPrefix("https://") || keysURL.hasPrefix("http://") else {
            throw Failure("USHER_OIDC_JWKS_URL must begin with https:// or http://, not “\(keysURL)”.")
        }
        // Without both, tokens that the provider issued for other applications would be valid here.
        guard let issuer = text("USHER_OIDC_ISSUER") else { throw Failure("USHER_OIDC_ISSUER is missing.") }
        guard let audience = text("USHER_OIDC_AUDIENCE") else { throw Failure("USHER_OIDC_AUDIENCE is missing.") }
        return OutsideIssuer(
            keysURL: keysURL, issuer: issuer, audience: audience,
            rolesClaim: text("USHER_OIDC_ROLES_CLAIM") ?? "roles")
    }
}
