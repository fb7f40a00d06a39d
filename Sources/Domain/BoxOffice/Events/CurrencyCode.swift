/// Currencies that prices may have.
package enum CurrencyCode {
    /// Whether a text is an active ISO 4217 code of a currency or fund that has a minor unit.
    package static func isActive(_ text: String) -> Bool {
        // Swift's `==` uses canonical equivalence; all codes are ASCII.
        text.utf8.allSatisfy { $0 < 0x80 } && active.contains(text)
    }

    /// ISO 4217, list one (https://www.six-group.com/en/products-services/financial-information/data-standards.html),
    /// as of 1 January 2026. Excludes the codes whose minor unit is "N.A.": metals, bond market units, `XDR`, `XSU`,
    /// `XUA`, the test code `XTS` and `XXX` for no currency.
    private static let active = Set(
        """
        AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE
        CHF CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF
        GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR
        LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN
        PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS
        TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAD XAF XCD XCG XOF XPF YER
        ZAR ZMW ZWG
        """.split(whereSeparator: \.isWhitespace).map(String.init))
}
