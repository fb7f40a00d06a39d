package import PostgresClient

/// The migrations of `migrations/`, embedded in the binary.
package enum Schema {
    /// All migrations, in order.
    package static let migrations = [
        Migration(
            number: 1, name: "create_catalogue", up: text(PackageResources._001_create_catalogue_up_sql),
            down: text(PackageResources._001_create_catalogue_down_sql)),
        Migration(
            number: 2, name: "create_bookings", up: text(PackageResources._002_create_bookings_up_sql),
            down: text(PackageResources._002_create_bookings_down_sql)),
        Migration(
            number: 3, name: "create_venues", up: text(PackageResources._003_create_venues_up_sql),
            down: text(PackageResources._003_create_venues_down_sql)),
        Migration(
            number: 4, name: "create_accounts", up: text(PackageResources._004_create_accounts_up_sql),
            down: text(PackageResources._004_create_accounts_down_sql)),
        Migration(
            number: 5, name: "create_callbacks", up: text(PackageResources._005_create_callbacks_up_sql),
            down: text(PackageResources._005_create_callbacks_down_sql)),
        Migration(
            number: 6, name: "create_verdicts", up: text(PackageResources._006_create_verdicts_up_sql),
            down: text(PackageResources._006_create_verdicts_down_sql)),
        Migration(
            number: 7, name: "add_tier_clock", up: text(PackageResources._007_add_tier_clock_up_sql),
            down: text(PackageResources._007_add_tier_clock_down_sql)),
        Migration(
            number: 8, name: "add_payment_trace", up: text(PackageResources._008_add_payment_trace_up_sql),
            down: text(PackageResources._008_add_payment_trace_down_sql)),
        Migration(
            number: 9, name: "add_charge_trace", up: text(PackageResources._009_add_charge_trace_up_sql),
            down: text(PackageResources._009_add_charge_trace_down_sql)),
        Migration(
            number: 10, name: "create_audit_log", up: text(PackageResources._010_create_audit_log_up_sql),
            down: text(PackageResources._010_create_audit_log_down_sql)),
        Migration(
            number: 11, name: "care_for_accounts", up: text(PackageResources._011_care_for_accounts_up_sql),
            down: text(PackageResources._011_care_for_accounts_down_sql)),
        Migration(
            number: 12, name: "add_event_times", up: text(PackageResources._012_add_event_times_up_sql),
            down: text(PackageResources._012_add_event_times_down_sql)),
        Migration(
            number: 13, name: "normalise_emails", up: text(PackageResources._013_normalise_emails_up_sql),
            down: text(PackageResources._013_normalise_emails_down_sql)),
        Migration(
            number: 14, name: "index_booking_lists", up: text(PackageResources._014_index_booking_lists_up_sql),
            down: text(PackageResources._014_index_booking_lists_down_sql)),
        Migration(
            number: 15, name: "index_booking_phases", up: text(PackageResources._015_index_booking_phases_up_sql),
            down: text(PackageResources._015_index_booking_phases_down_sql)),
        Migration(
            number: 16, name: "keep_claim_answers", up: text(PackageResources._016_keep_claim_answers_up_sql),
            down: text(PackageResources._016_keep_claim_answers_down_sql)),
    ]

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
