CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;
COMMENT ON EXTENSION pg_trgm IS 'text similarity measurement and index searching based on trigrams';
CREATE TABLE public.blocks (
    id uuid NOT NULL,
    event_id uuid NOT NULL,
    tier_id uuid NOT NULL,
    quantity integer NOT NULL,
    seats integer[] DEFAULT '{}'::integer[] NOT NULL,
    removed boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT blocks_quantity_check CHECK ((quantity > 0))
);
CREATE TABLE public.booking_items (
    booking_id uuid NOT NULL,
    tier_id uuid NOT NULL,
    "position" integer NOT NULL,
    quantity integer NOT NULL,
    unit_amount bigint NOT NULL,
    seats integer[] DEFAULT '{}'::integer[] NOT NULL,
    CONSTRAINT booking_items_quantity_check CHECK ((quantity > 0)),
    CONSTRAINT booking_items_unit_amount_check CHECK ((unit_amount >= 0))
);
CREATE TABLE public.bookings (
    id uuid NOT NULL,
    partition integer NOT NULL,
    event_id uuid NOT NULL,
    user_id text NOT NULL,
    status text NOT NULL,
    version bigint NOT NULL,
    epoch bigint NOT NULL,
    total_amount bigint NOT NULL,
    currency text NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    payment_deadline timestamp with time zone,
    attempts integer NOT NULL,
    extensions integer NOT NULL,
    exclusive boolean NOT NULL,
    idempotency_digest text,
    reason text,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    confirmed_at timestamp with time zone,
    CONSTRAINT bookings_attempts_check CHECK ((attempts >= 0)),
    CONSTRAINT bookings_check CHECK (((status <> 'CONFIRMED'::text) OR (confirmed_at IS NOT NULL))),
    CONSTRAINT bookings_check1 CHECK (((status <> 'PENDING_PAYMENT'::text) OR (payment_deadline IS NOT NULL))),
    CONSTRAINT bookings_extensions_check CHECK ((extensions >= 0)),
    CONSTRAINT bookings_status_check CHECK ((status = ANY (ARRAY['RESERVED'::text, 'PENDING_PAYMENT'::text, 'CONFIRMED'::text, 'EXPIRED'::text, 'CANCELLED'::text, 'FAILED'::text]))),
    CONSTRAINT bookings_total_amount_check CHECK ((total_amount >= 0)),
    CONSTRAINT bookings_version_check CHECK ((version > 0))
);
CREATE TABLE public.callbacks (
    id text NOT NULL,
    outcome text,
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT callbacks_id_check CHECK (((char_length(id) >= 1) AND (char_length(id) <= 255)))
);
CREATE TABLE public.charges (
    provider text NOT NULL,
    transaction_id text NOT NULL,
    booking_id uuid NOT NULL,
    payment_id uuid NOT NULL,
    amount bigint NOT NULL,
    currency text NOT NULL,
    state text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    trace text,
    CONSTRAINT charges_amount_check CHECK ((amount >= 0)),
    CONSTRAINT charges_state_check CHECK ((state = ANY (ARRAY['told'::text, 'failed'::text, 'unmatched'::text, 'mismatch'::text, 'settled'::text]))),
    CONSTRAINT charges_trace_check CHECK ((length(trace) <= 255))
);
CREATE TABLE public.dead_letters (
    id bigint NOT NULL,
    partition integer NOT NULL,
    stream_ms bigint NOT NULL,
    stream_seq bigint NOT NULL,
    entry text NOT NULL,
    reason text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    replayed_at timestamp with time zone
);
ALTER TABLE public.dead_letters ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.dead_letters_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.event_rows (
    event_id uuid NOT NULL,
    "row" integer NOT NULL,
    tier_id uuid NOT NULL,
    section text NOT NULL,
    name text NOT NULL,
    seats text[] NOT NULL,
    CONSTRAINT event_rows_row_check CHECK (("row" >= 0))
);
CREATE TABLE public.event_seats (
    event_id uuid NOT NULL,
    seat integer NOT NULL,
    booking_id uuid NOT NULL
);
CREATE TABLE public.events (
    id uuid NOT NULL,
    number integer NOT NULL,
    partition integer NOT NULL,
    title text NOT NULL,
    description text,
    venue text,
    starts_at timestamp with time zone NOT NULL,
    sales_open_at timestamp with time zone,
    sales_close_at timestamp with time zone,
    status text DEFAULT 'draft'::text NOT NULL,
    currency text NOT NULL,
    hold_seconds integer NOT NULL,
    max_tickets_per_user integer,
    max_bookings_per_user integer,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    venue_id uuid,
    exclusive boolean DEFAULT false NOT NULL,
    CONSTRAINT events_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT events_hold_seconds_check CHECK (((hold_seconds >= 1) AND (hold_seconds <= 86400))),
    CONSTRAINT events_max_bookings_per_user_check CHECK ((max_bookings_per_user > 0)),
    CONSTRAINT events_max_tickets_per_user_check CHECK ((max_tickets_per_user > 0)),
    CONSTRAINT events_status_check CHECK ((status = ANY (ARRAY['draft'::text, 'published'::text, 'cancelled'::text])))
);
ALTER TABLE public.events ALTER COLUMN number ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.events_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.partitions (
    id integer NOT NULL,
    epoch bigint DEFAULT 0 NOT NULL,
    lineage bigint DEFAULT 0 NOT NULL,
    last_ms bigint DEFAULT 0 NOT NULL,
    last_seq bigint DEFAULT 0 NOT NULL,
    owner text,
    CONSTRAINT partitions_id_check CHECK (((id >= 0) AND (id <= 4095)))
);
CREATE TABLE public.payments (
    id uuid NOT NULL,
    booking_id uuid NOT NULL,
    provider text NOT NULL,
    transaction_id text,
    status text NOT NULL,
    amount bigint NOT NULL,
    currency text NOT NULL,
    booking_version bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    refund_amount bigint DEFAULT 0 NOT NULL,
    refunded_amount bigint DEFAULT 0 NOT NULL,
    is_stray boolean DEFAULT false NOT NULL,
    charge_key uuid,
    settle_at timestamp with time zone DEFAULT (now() + '00:00:02'::interval) NOT NULL,
    settle_attempts integer DEFAULT 0 NOT NULL,
    settle_answer text,
    refund_asked bigint DEFAULT 0 NOT NULL,
    trace text,
    CONSTRAINT payments_amount_check CHECK ((amount >= 0)),
    CONSTRAINT payments_check CHECK (((refund_amount >= 0) AND (refund_amount <= amount))),
    CONSTRAINT payments_check1 CHECK (((refunded_amount >= 0) AND (refunded_amount <= refund_amount))),
    CONSTRAINT payments_check2 CHECK (((refund_asked >= 0) AND (refund_asked <= refund_amount))),
    CONSTRAINT payments_status_check CHECK ((status = ANY (ARRAY['PENDING'::text, 'SUCCEEDED'::text, 'FAILED'::text, 'REFUND_DUE'::text, 'REFUNDED'::text]))),
    CONSTRAINT payments_trace_check CHECK ((length(trace) <= 255))
);
CREATE TABLE public.reconcilers (
    id text NOT NULL,
    seen_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE public.refresh_families (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE public.refresh_tokens (
    hash bytea NOT NULL,
    family_id uuid NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT refresh_tokens_hash_check CHECK ((octet_length(hash) = 32))
);
CREATE TABLE public.schema_migrations (
    number integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE public.settings (
    name text NOT NULL,
    value text NOT NULL
);
CREATE TABLE public.tiers (
    id uuid NOT NULL,
    event_id uuid NOT NULL,
    "position" integer NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    unit_amount bigint NOT NULL,
    capacity integer NOT NULL,
    held integer DEFAULT 0 NOT NULL,
    sold integer DEFAULT 0 NOT NULL,
    blocked integer DEFAULT 0 NOT NULL,
    clock bigint DEFAULT 0 NOT NULL,
    CONSTRAINT tiers_blocked_check CHECK ((blocked >= 0)),
    CONSTRAINT tiers_capacity_check CHECK ((capacity >= 0)),
    CONSTRAINT tiers_held_check CHECK ((held >= 0)),
    CONSTRAINT tiers_kind_check CHECK ((kind = ANY (ARRAY['general'::text, 'seated'::text]))),
    CONSTRAINT tiers_never_oversold CHECK ((((held + sold) + blocked) <= capacity)),
    CONSTRAINT tiers_sold_check CHECK ((sold >= 0)),
    CONSTRAINT tiers_unit_amount_check CHECK ((unit_amount >= 0))
);
CREATE TABLE public.users (
    id uuid NOT NULL,
    email text NOT NULL,
    email_normalised text NOT NULL,
    name text NOT NULL,
    password_hash text NOT NULL,
    roles text[] DEFAULT '{customer}'::text[] NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT users_email_check CHECK (((char_length(email) >= 3) AND (char_length(email) <= 254))),
    CONSTRAINT users_name_check CHECK (((char_length(name) >= 1) AND (char_length(name) <= 100))),
    CONSTRAINT users_roles_check CHECK (((cardinality(roles) > 0) AND (roles <@ ARRAY['customer'::text, 'admin'::text])))
);
CREATE TABLE public.venues (
    id uuid NOT NULL,
    name text NOT NULL,
    layout jsonb NOT NULL,
    seats integer NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT venues_seats_check CHECK (((seats >= 1) AND (seats <= 100000)))
);
CREATE TABLE public.verdicts (
    booking_id uuid NOT NULL,
    partition integer NOT NULL,
    event_id uuid NOT NULL,
    version bigint NOT NULL,
    stream_ms bigint NOT NULL,
    stream_seq bigint NOT NULL,
    rule text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    overruled_at timestamp with time zone,
    trace text,
    CONSTRAINT verdicts_trace_check CHECK ((length(trace) <= 255))
);
INSERT INTO public.blocks VALUES ('f41359f0-6919-45c4-97b5-3fac5e6602a2', 'b39ce845-bc07-4991-a495-626e5b012274', '02854980-bf8a-4f4c-8edb-c50eae5cbab5', 2, '{3072,3073}', false, '2100-10-31 08:44:37.293193+00');
INSERT INTO public.blocks VALUES ('32c33140-99c8-4625-a409-3b3ffa5d96bb', 'b39ce845-bc07-4991-a495-626e5b012274', 'c04abe3f-9d0d-467d-bdcc-04b8e5ef9c91', 3, '{}', false, '2100-10-31 08:44:37.293193+00');
INSERT INTO public.blocks VALUES ('8d6d9d9c-4b6d-4676-ba41-12be0d41da53', 'ab589a8c-cac4-4a20-80d7-54c03af96b89', '5fff786a-32b1-4c5c-9cf0-27a120f8e94c', 4, '{}', false, '2100-10-31 08:44:37.296757+00');
INSERT INTO public.booking_items VALUES ('03c1470b-04f7-7001-9e80-bddf77a228ff', 'e4e69f1c-b3df-406b-a5f1-862e381ff945', 0, 2, 2500, '{}');
INSERT INTO public.booking_items VALUES ('03c1470b-04fe-7001-856d-de7a9811468d', '5fff786a-32b1-4c5c-9cf0-27a120f8e94c', 0, 1, 1000, '{}');
INSERT INTO public.booking_items VALUES ('03c1470b-04fe-7001-856d-de7a9811468d', 'e4e69f1c-b3df-406b-a5f1-862e381ff945', 1, 1, 2500, '{}');
INSERT INTO public.booking_items VALUES ('03c1470b-051c-7001-9d65-abbfb0267835', 'e4e69f1c-b3df-406b-a5f1-862e381ff945', 0, 2, 2500, '{}');
INSERT INTO public.booking_items VALUES ('03c1470b-0560-7001-94bb-ed61aebff338', 'e4e69f1c-b3df-406b-a5f1-862e381ff945', 0, 3, 2500, '{}');
INSERT INTO public.booking_items VALUES ('03c1470b-0659-7001-8feb-b57419147858', '5fff786a-32b1-4c5c-9cf0-27a120f8e94c', 0, 2, 1000, '{}');
INSERT INTO public.booking_items VALUES ('03c1470b-06fa-7001-b2d4-5a1563dcd12d', 'e4e69f1c-b3df-406b-a5f1-862e381ff945', 0, 3, 2500, '{}');
INSERT INTO public.booking_items VALUES ('03c1470b-07f7-7001-bff4-26cc30dbfdbf', '5fff786a-32b1-4c5c-9cf0-27a120f8e94c', 0, 1, 1000, '{}');
INSERT INTO public.booking_items VALUES ('03c1470b-085b-7001-878f-5cd9cef898d1', '5fff786a-32b1-4c5c-9cf0-27a120f8e94c', 0, 2, 1000, '{}');
INSERT INTO public.booking_items VALUES ('03c1470b-089a-7001-ae49-f4d94b19bf05', '5fff786a-32b1-4c5c-9cf0-27a120f8e94c', 0, 1, 1000, '{}');
INSERT INTO public.booking_items VALUES ('03c1470b-092f-7003-a6c2-af0c58892f6d', '02854980-bf8a-4f4c-8edb-c50eae5cbab5', 0, 2, 9000, '{2,3}');
INSERT INTO public.booking_items VALUES ('03c1470b-0931-7003-8f93-aff39fa79f11', '02854980-bf8a-4f4c-8edb-c50eae5cbab5', 0, 3, 9000, '{4,5,6}');
INSERT INTO public.booking_items VALUES ('03c1470b-0931-7003-8f93-aff39fa79f11', 'c04abe3f-9d0d-467d-bdcc-04b8e5ef9c91', 1, 2, 500, '{}');
INSERT INTO public.booking_items VALUES ('03c1470b-0929-7001-8364-93693ab8124f', '5fff786a-32b1-4c5c-9cf0-27a120f8e94c', 0, 1, 1000, '{}');
INSERT INTO public.booking_items VALUES ('03c1470b-09fb-7003-9d1b-79088030a558', '606c8807-df47-4e42-a822-a2536474b715', 0, 2, 4000, '{4099,4100}');
INSERT INTO public.booking_items VALUES ('03c1470b-0a0f-7003-adb5-771e972420ba', 'c04abe3f-9d0d-467d-bdcc-04b8e5ef9c91', 0, 1, 500, '{}');
INSERT INTO public.booking_items VALUES ('03c1470b-0a0f-7003-adb5-771e972420ba', '606c8807-df47-4e42-a822-a2536474b715', 1, 1, 4000, '{6144}');
INSERT INTO public.booking_items VALUES ('03c1470b-0a4d-7002-a17b-1f6101f866ad', '7b110258-7787-4784-8ade-9e4b78363753', 0, 2, 700, '{}');
INSERT INTO public.booking_items VALUES ('03c1470b-0a89-7000-9fcf-59f07674ebff', '9a7ab766-3475-41df-a43b-9db2ee01354f', 0, 2, 100, '{}');
INSERT INTO public.bookings VALUES ('03c1470b-04f7-7001-9e80-bddf77a228ff', 1, 'ab589a8c-cac4-4a20-80d7-54c03af96b89', 'ann', 'RESERVED', 1, 1, 5000, 'USD', '2100-11-01 08:44:35.962+00', NULL, 0, 0, false, 'b2a53bc4e42101997f9eac2f47c363e5.e79d0f222865c53210ac64be3fd27c86', NULL, '2100-10-31 08:44:35.962+00', '2100-10-31 08:44:35.962+00', NULL);
INSERT INTO public.bookings VALUES ('03c1470b-04fe-7001-856d-de7a9811468d', 1, 'ab589a8c-cac4-4a20-80d7-54c03af96b89', 'ann', 'RESERVED', 1, 1, 3500, 'USD', '2100-11-01 08:44:35.966+00', NULL, 0, 0, false, '647051a7f80978e86a2640e2b9076219.ca28d67b6667dcd54b4ffd8a09345cac', NULL, '2100-10-31 08:44:35.966+00', '2100-10-31 08:44:35.966+00', NULL);
INSERT INTO public.bookings VALUES ('03c1470b-051c-7001-9d65-abbfb0267835', 1, 'ab589a8c-cac4-4a20-80d7-54c03af96b89', 'bob', 'CONFIRMED', 3, 1, 5000, 'USD', '2100-11-01 08:44:35.996+00', NULL, 1, 0, false, 'b168ef9fd3514997cc93d2da503c963b.2cbf805786674335a716b5e9fdc6f503', NULL, '2100-10-31 08:44:35.996+00', '2100-10-31 08:44:36.024+00', '2100-10-31 08:44:36.024+00');
INSERT INTO public.bookings VALUES ('03c1470b-0560-7001-94bb-ed61aebff338', 1, 'ab589a8c-cac4-4a20-80d7-54c03af96b89', 'cyd', 'CONFIRMED', 3, 1, 7500, 'USD', '2100-11-01 08:44:36.065+00', NULL, 1, 0, false, '627cc3dc8e15eb36d7fafb92ac197b71.42299a06694554cc0a5e44a5675276c4', NULL, '2100-10-31 08:44:36.065+00', '2100-10-31 08:44:36.074+00', '2100-10-31 08:44:36.074+00');
INSERT INTO public.bookings VALUES ('03c1470b-0659-7001-8feb-b57419147858', 1, 'ab589a8c-cac4-4a20-80d7-54c03af96b89', 'dan', 'CANCELLED', 2, 1, 2000, 'USD', '2100-11-01 08:44:36.313+00', NULL, 0, 0, false, '5b9d664ad591a38dea48351aae616074.b74c125c0c59161523e80a30734798c1', 'cancelled-by-user', '2100-10-31 08:44:36.313+00', '2100-10-31 08:44:36.321+00', NULL);
INSERT INTO public.bookings VALUES ('03c1470b-06fa-7001-b2d4-5a1563dcd12d', 1, 'ab589a8c-cac4-4a20-80d7-54c03af96b89', 'eve', 'CONFIRMED', 5, 1, 7500, 'USD', '2100-11-01 08:44:36.474+00', NULL, 1, 0, false, 'fc1cd5b92559d5e94b1acc4e2c70225f.503bbaab20ebd632e5a0e24ebd5341ed', NULL, '2100-10-31 08:44:36.474+00', '2100-10-31 08:44:36.709+00', '2100-10-31 08:44:36.498+00');
INSERT INTO public.bookings VALUES ('03c1470b-07f7-7001-bff4-26cc30dbfdbf', 1, 'ab589a8c-cac4-4a20-80d7-54c03af96b89', 'fay', 'RESERVED', 3, 1, 1000, 'USD', '2100-11-01 08:44:36.727+00', NULL, 1, 0, false, 'af204da1af23f69f5eac6e22742644dd.7190257b8e3f772584645d0d9355d696', NULL, '2100-10-31 08:44:36.727+00', '2100-10-31 08:44:36.769+00', NULL);
INSERT INTO public.bookings VALUES ('03c1470b-085b-7001-878f-5cd9cef898d1', 1, 'ab589a8c-cac4-4a20-80d7-54c03af96b89', 'gus', 'PENDING_PAYMENT', 2, 1, 2000, 'USD', '2100-11-01 08:44:36.827+00', '2100-11-01 08:44:36.827+00', 1, 0, false, '42e72ecad76b1d4b23bdb0f025b59bb7.b74c125c0c59161523e80a30734798c1', NULL, '2100-10-31 08:44:36.827+00', '2100-10-31 08:44:36.83+00', NULL);
INSERT INTO public.bookings VALUES ('03c1470b-089a-7001-ae49-f4d94b19bf05', 1, 'ab589a8c-cac4-4a20-80d7-54c03af96b89', 'hal', 'RESERVED', 2, 1, 1000, 'USD', '2100-11-01 08:44:36.894+00', NULL, 0, 1, false, '0f7fef4590bd1cf327cf7ad9aefb3709.7190257b8e3f772584645d0d9355d696', NULL, '2100-10-31 08:44:36.891+00', '2100-10-31 08:44:36.894+00', NULL);
INSERT INTO public.bookings VALUES ('03c1470b-092f-7003-a6c2-af0c58892f6d', 3, 'b39ce845-bc07-4991-a495-626e5b012274', 'ann', 'RESERVED', 1, 1, 18000, 'USD', '2100-10-31 08:54:37.04+00', NULL, 0, 0, false, '30a351e3e2e29834e1a6b13b15b54dce.89c8ba51a967cabbf409aa5c1a80000e', NULL, '2100-10-31 08:44:37.04+00', '2100-10-31 08:44:37.04+00', NULL);
INSERT INTO public.bookings VALUES ('03c1470b-0931-7003-8f93-aff39fa79f11', 3, 'b39ce845-bc07-4991-a495-626e5b012274', 'bob', 'CONFIRMED', 3, 1, 28000, 'USD', '2100-10-31 08:54:37.041+00', NULL, 1, 0, false, 'dc2b28bf3d15835c061eca298e7e10c5.49b64d4229ffec2550cce3b4e7f79798', NULL, '2100-10-31 08:44:37.041+00', '2100-10-31 08:44:37.07+00', '2100-10-31 08:44:37.07+00');
INSERT INTO public.bookings VALUES ('03c1470b-0929-7001-8364-93693ab8124f', 1, 'ab589a8c-cac4-4a20-80d7-54c03af96b89', 'Zoë 😀 %|,', 'RESERVED', 1, 1, 1000, 'USD', '2100-11-01 08:44:37.033+00', NULL, 0, 0, false, '38d02f0b5cacd0d649e7220d680144af.7190257b8e3f772584645d0d9355d696', NULL, '2100-10-31 08:44:37.033+00', '2100-10-31 08:44:37.033+00', NULL);
INSERT INTO public.bookings VALUES ('03c1470b-09fb-7003-9d1b-79088030a558', 3, 'b39ce845-bc07-4991-a495-626e5b012274', 'ivy', 'RESERVED', 1, 1, 8000, 'USD', '2100-10-31 08:54:37.244+00', NULL, 0, 0, false, 'b90d853483b0f4b4748130b6d74f606e.eaeef1389f92e75aff4a20eec75743dc', NULL, '2100-10-31 08:44:37.244+00', '2100-10-31 08:44:37.244+00', NULL);
INSERT INTO public.bookings VALUES ('03c1470b-0a0f-7003-adb5-771e972420ba', 3, 'b39ce845-bc07-4991-a495-626e5b012274', 'ivy', 'CONFIRMED', 3, 1, 4500, 'USD', '2100-10-31 08:54:37.263+00', NULL, 1, 0, false, NULL, NULL, '2100-10-31 08:44:37.263+00', '2100-10-31 08:44:37.283+00', '2100-10-31 08:44:37.283+00');
INSERT INTO public.bookings VALUES ('03c1470b-0a89-7000-9fcf-59f07674ebff', 0, '4af70d46-27fc-44ea-87f4-8120e547946c', 'lea', 'EXPIRED', 2, 1, 200, 'USD', '2100-10-31 08:44:38.386+00', NULL, 0, 0, false, 'b0830e41b2652c81aa238dabadf78053.c97629372e8bb3dc061d5992772c2214', 'hold-expired', '2100-10-31 08:44:37.386+00', '2100-10-31 08:44:38.419+00', NULL);
INSERT INTO public.bookings VALUES ('03c1470b-0a4d-7002-a17b-1f6101f866ad', 2, 'd7cbb9c2-415a-4c8e-bdb3-3d1892744188', 'kim', 'CANCELLED', 5, 1, 1400, 'USD', '2100-10-31 08:54:37.325+00', NULL, 1, 0, false, 'db9b3689b8224173f442d81f9cebe3a4.03e696e0699bc9207733c38194420672', 'event-cancelled', '2100-10-31 08:44:37.325+00', '2100-10-31 08:44:38.758+00', '2100-10-31 08:44:37.347+00');
INSERT INTO public.event_rows VALUES ('b39ce845-bc07-4991-a495-626e5b012274', 0, '02854980-bf8a-4f4c-8edb-c50eae5cbab5', 'A', '1', '{1,2,3,4,5,6,7,8,9,10,11,12}');
INSERT INTO public.event_rows VALUES ('b39ce845-bc07-4991-a495-626e5b012274', 1, '02854980-bf8a-4f4c-8edb-c50eae5cbab5', 'A', '2', '{1,2,3,4,5,6,7,8,9,10,11,12}');
INSERT INTO public.event_rows VALUES ('b39ce845-bc07-4991-a495-626e5b012274', 2, '02854980-bf8a-4f4c-8edb-c50eae5cbab5', 'A', '3', '{1,2,3,4,5,6,7,8,9,10,11,12}');
INSERT INTO public.event_rows VALUES ('b39ce845-bc07-4991-a495-626e5b012274', 3, '02854980-bf8a-4f4c-8edb-c50eae5cbab5', 'A', '4', '{1,2,3,4,5,6,7,8,9,10,11,12}');
INSERT INTO public.event_rows VALUES ('b39ce845-bc07-4991-a495-626e5b012274', 4, '606c8807-df47-4e42-a822-a2536474b715', 'B', '1', '{1,2,3,4,5,6,7,8}');
INSERT INTO public.event_rows VALUES ('b39ce845-bc07-4991-a495-626e5b012274', 5, '606c8807-df47-4e42-a822-a2536474b715', 'B', '2', '{1,2,3,4,5,6,7,8}');
INSERT INTO public.event_rows VALUES ('b39ce845-bc07-4991-a495-626e5b012274', 6, '606c8807-df47-4e42-a822-a2536474b715', 'B', '3', '{1,2,3,4,5,6,7,8}');
INSERT INTO public.event_seats VALUES ('b39ce845-bc07-4991-a495-626e5b012274', 2, '03c1470b-092f-7003-a6c2-af0c58892f6d');
INSERT INTO public.event_seats VALUES ('b39ce845-bc07-4991-a495-626e5b012274', 3, '03c1470b-092f-7003-a6c2-af0c58892f6d');
INSERT INTO public.event_seats VALUES ('b39ce845-bc07-4991-a495-626e5b012274', 4, '03c1470b-0931-7003-8f93-aff39fa79f11');
INSERT INTO public.event_seats VALUES ('b39ce845-bc07-4991-a495-626e5b012274', 5, '03c1470b-0931-7003-8f93-aff39fa79f11');
INSERT INTO public.event_seats VALUES ('b39ce845-bc07-4991-a495-626e5b012274', 6, '03c1470b-0931-7003-8f93-aff39fa79f11');
INSERT INTO public.event_seats VALUES ('b39ce845-bc07-4991-a495-626e5b012274', 4099, '03c1470b-09fb-7003-9d1b-79088030a558');
INSERT INTO public.event_seats VALUES ('b39ce845-bc07-4991-a495-626e5b012274', 4100, '03c1470b-09fb-7003-9d1b-79088030a558');
INSERT INTO public.event_seats VALUES ('b39ce845-bc07-4991-a495-626e5b012274', 6144, '03c1470b-0a0f-7003-adb5-771e972420ba');
INSERT INTO public.events VALUES ('b39ce845-bc07-4991-a495-626e5b012274', 2, 3, 'Opera', NULL, 'Hall', '2101-08-27 08:44:35+00', NULL, NULL, 'published', 'USD', 600, NULL, NULL, 2, '2100-10-31 08:44:35.8965+00', '2100-10-31 08:44:35.897979+00', '9fbe3715-b042-4cc4-b2df-54e7cc5ce227', false);
INSERT INTO public.events VALUES ('4af70d46-27fc-44ea-87f4-8120e547946c', 3, 0, 'Short holds', NULL, NULL, '2101-08-27 08:44:35+00', NULL, NULL, 'published', 'USD', 1, 10, NULL, 2, '2100-10-31 08:44:35.913377+00', '2100-10-31 08:44:35.913877+00', NULL, false);
INSERT INTO public.events VALUES ('d7cbb9c2-415a-4c8e-bdb3-3d1892744188', 4, 2, 'Called off', NULL, NULL, '2101-08-27 08:44:35+00', NULL, NULL, 'cancelled', 'USD', 600, 10, NULL, 3, '2100-10-31 08:44:35.919084+00', '2100-10-31 08:44:38.50278+00', NULL, false);
INSERT INTO public.events VALUES ('ab589a8c-cac4-4a20-80d7-54c03af96b89', 1, 1, 'Concert', NULL, NULL, '2101-08-27 08:44:35+00', '2100-10-30 08:44:35+00', NULL, 'published', 'USD', 86400, 12, 6, 3, '2100-10-31 08:44:35.83772+00', '2100-10-31 08:44:38.788728+00', NULL, false);
INSERT INTO public.partitions VALUES (3, 1, 1, 4128655477291, 0, 'a5381eb3-4d60-477e-96ef-003e2b754445');
INSERT INTO public.partitions VALUES (0, 1, 1, 4128655478419, 0, 'a5381eb3-4d60-477e-96ef-003e2b754445');
INSERT INTO public.partitions VALUES (2, 1, 1, 4128655478758, 0, 'a5381eb3-4d60-477e-96ef-003e2b754445');
INSERT INTO public.partitions VALUES (1, 1, 1, 4128655478789, 0, 'a5381eb3-4d60-477e-96ef-003e2b754445');
INSERT INTO public.payments VALUES ('ae01d04a-53ee-49d3-ad61-9ee8c48f5347', '03c1470b-051c-7001-9d65-abbfb0267835', 'simulated', 'sim_ae01d04a-53ee-49d3-ad61-9ee8c48f5347', 'SUCCEEDED', 5000, 'USD', 3, '2100-10-31 08:44:35.998+00', '2100-10-31 08:44:36.024+00', 0, 0, false, NULL, '2100-10-31 08:44:36.033739+00', 0, NULL, 0, '00-7e42d60abf964c15ae88c70cae327e09-ae88c70cae327e09-00,7e42d60a-bf96-4c15-ae88-c70cae327e09');
INSERT INTO public.payments VALUES ('9836cae8-7b44-4c2b-87be-74411ee69177', '03c1470b-0560-7001-94bb-ed61aebff338', 'simulated', 'sim_9836cae8-7b44-4c2b-87be-74411ee69177', 'SUCCEEDED', 7500, 'USD', 3, '2100-10-31 08:44:36.071+00', '2100-10-31 08:44:36.074+00', 0, 0, false, NULL, '2100-10-31 08:44:36.076484+00', 0, NULL, 0, '00-e767802555c74343bae3e84651dbc638-bae3e84651dbc638-00,e7678025-55c7-4343-bae3-e84651dbc638');
INSERT INTO public.payments VALUES ('d00e6dce-1585-47ce-8233-1dbb1ca0de35', '03c1470b-1593-7001-b6b8-53a99fe1d03c', 'simulated', NULL, 'PENDING', 2600, 'USD', 0, '2100-10-31 08:44:40.497333+00', '2100-10-31 08:44:40.497333+00', 0, 0, false, NULL, '2100-10-31 08:44:42.497333+00', 0, NULL, 0, '00-6470f31cfd1b42e789c3a0caffa1b7e7-89c3a0caffa1b7e7-00,6470f31c-fd1b-42e7-89c3-a0caffa1b7e7');
INSERT INTO public.payments VALUES ('28fbe727-8eac-4c84-90c9-0c99fb499fbf', '03c1470b-06fa-7001-b2d4-5a1563dcd12d', 'simulated', 'sim_28fbe727-8eac-4c84-90c9-0c99fb499fbf', 'SUCCEEDED', 10000, 'USD', 5, '2100-10-31 08:44:36.478+00', '2100-10-31 08:44:36.709+00', 2500, 2500, false, NULL, '2100-10-31 08:44:38.707536+00', 1, 'refunded: 2500', 2500, '00-a0c5d8b8a4eb44ae90dda99410659a96-90dda99410659a96-00,a0c5d8b8-a4eb-44ae-90dd-a99410659a96');
INSERT INTO public.payments VALUES ('ac0e4bb6-fab4-4143-911b-e6d4c9b8f034', '03c1470b-07f7-7001-bff4-26cc30dbfdbf', 'simulated', NULL, 'FAILED', 1000, 'USD', 3, '2100-10-31 08:44:36.735+00', '2100-10-31 08:44:36.769+00', 0, 0, false, NULL, '2100-10-31 08:44:36.776683+00', 0, NULL, 0, '00-7ab7d93a8dce4fe6a51f6b032f6820b8-a51f6b032f6820b8-00,7ab7d93a-8dce-4fe6-a51f-6b032f6820b8');
INSERT INTO public.payments VALUES ('ea33f1e3-0e8a-439a-9ebc-0a73e02f165f', '03c1470b-0931-7003-8f93-aff39fa79f11', 'simulated', 'sim_ea33f1e3-0e8a-439a-9ebc-0a73e02f165f', 'SUCCEEDED', 28000, 'USD', 3, '2100-10-31 08:44:37.042+00', '2100-10-31 08:44:37.07+00', 0, 0, false, NULL, '2100-10-31 08:44:37.071865+00', 0, NULL, 0, '00-90d0dc7403864f228e881ddfc18b2b9a-8e881ddfc18b2b9a-00,90d0dc74-0386-4f22-8e88-1ddfc18b2b9a');
INSERT INTO public.payments VALUES ('1e097a70-9644-4332-bdbe-3d4c8e553391', '03c1470b-0a0f-7003-adb5-771e972420ba', 'simulated', 'sim_1e097a70-9644-4332-bdbe-3d4c8e553391', 'SUCCEEDED', 4500, 'USD', 3, '2100-10-31 08:44:37.265+00', '2100-10-31 08:44:37.283+00', 0, 0, false, NULL, '2100-10-31 08:44:37.285513+00', 0, NULL, 0, '00-e92becc810ba45319c8a131304cf483c-9c8a131304cf483c-00,e92becc8-10ba-4531-9c8a-131304cf483c');
INSERT INTO public.payments VALUES ('cc5756ba-1513-460d-834c-a1d0cad4f877', '03c1470b-0a4d-7002-a17b-1f6101f866ad', 'simulated', 'sim_cc5756ba-1513-460d-834c-a1d0cad4f877', 'REFUNDED', 1400, 'USD', 5, '2100-10-31 08:44:37.326+00', '2100-10-31 08:44:38.758+00', 1400, 1400, false, NULL, '2100-10-31 08:44:38.783329+00', 0, 'refunded: 1400', 1400, '00-c7adaeac2fec46b2b3981342a2f755e6-b3981342a2f755e6-00,c7adaeac-2fec-46b2-b398-1342a2f755e6');
INSERT INTO public.payments VALUES ('819d3c09-6885-493d-b697-bd2fcd509a46', '03c1470b-085b-7001-878f-5cd9cef898d1', 'simulated', NULL, 'PENDING', 2000, 'USD', 2, '2100-10-31 08:44:36.83+00', '2100-10-31 08:44:36.83+00', 0, 0, false, NULL, '2100-10-31 08:44:41.021583+00', 1, 'pending', 0, '00-4641cb7874f64fe8be7d9f4df5b5f468-be7d9f4df5b5f468-00,4641cb78-74f6-4fe8-be7d-9f4df5b5f468');
INSERT INTO public.reconcilers VALUES ('a5381eb3-4d60-477e-96ef-003e2b754445', '1970-01-01 00:00:00+00');
INSERT INTO public.schema_migrations VALUES (1, 'create_catalogue', 'ad1903e3c7b2005bbc408291edf423c83e728d86e995b9af5ba7af5f9c8d8717', '2100-10-31 08:44:34.892175+00');
INSERT INTO public.schema_migrations VALUES (2, 'create_bookings', 'b5eb69f26e2adbee5c81dbcb73925032dfe56b6c22c5d68b932882dc9aa41804', '2100-10-31 08:44:34.947323+00');
INSERT INTO public.schema_migrations VALUES (3, 'create_venues', 'f93533a6a1dd1ed30144334050f483fef0addbf3fc6e4d81b22b1b03c6dcef69', '2100-10-31 08:44:35.000105+00');
INSERT INTO public.schema_migrations VALUES (4, 'create_accounts', '7b66f3827f29eebb91f16057443a59dd6c14a8510028769efd7075df29fca968', '2100-10-31 08:44:35.129298+00');
INSERT INTO public.schema_migrations VALUES (5, 'create_callbacks', 'db06292f9c54a0f630bd8bb1129c6209e1fa269507c16c45fb3ac0b098ffa0c4', '2100-10-31 08:44:35.143692+00');
INSERT INTO public.schema_migrations VALUES (6, 'create_verdicts', 'e56a479b02a2c4e056d7f71da82230de15af162b375f2ab930d5259dc376ca05', '2100-10-31 08:44:35.151558+00');
INSERT INTO public.schema_migrations VALUES (7, 'add_tier_clock', '0a8f2a10aeac174ff11f228d410f797e35d8a998d2ddb29d49adea0112ee6478', '2100-10-31 08:44:35.184254+00');
INSERT INTO public.schema_migrations VALUES (8, 'add_payment_trace', '202cc6be11363df2b2a68ed97f983a59ff340c6328fdaa2e4ba84b04c2ce2b57', '2100-10-31 08:44:35.185682+00');
INSERT INTO public.schema_migrations VALUES (9, 'add_charge_trace', '44672bf3db82c19e66a22c9b4c372a87b81eee25f48880a342bb040f4337e182', '2100-10-31 08:44:35.186239+00');
INSERT INTO public.settings VALUES ('partitions', '4');
INSERT INTO public.tiers VALUES ('606c8807-df47-4e42-a822-a2536474b715', 'b39ce845-bc07-4991-a495-626e5b012274', 3, 'Back', 'seated', 4000, 24, 2, 1, 0, 4128655477283);
INSERT INTO public.tiers VALUES ('02854980-bf8a-4f4c-8edb-c50eae5cbab5', 'b39ce845-bc07-4991-a495-626e5b012274', 1, 'Front', 'seated', 9000, 48, 2, 3, 2, 4128655477070);
INSERT INTO public.tiers VALUES ('c04abe3f-9d0d-467d-bdcc-04b8e5ef9c91', 'b39ce845-bc07-4991-a495-626e5b012274', 2, 'Standing', 'general', 500, 20, 0, 3, 3, 4128655477283);
INSERT INTO public.tiers VALUES ('9a7ab766-3475-41df-a43b-9db2ee01354f', '4af70d46-27fc-44ea-87f4-8120e547946c', 1, 'All', 'general', 100, 5, 0, 0, 0, 4128655478419);
INSERT INTO public.tiers VALUES ('7b110258-7787-4784-8ade-9e4b78363753', 'd7cbb9c2-415a-4c8e-bdb3-3d1892744188', 1, 'All', 'general', 700, 9, 0, 0, 0, 4128655478758);
INSERT INTO public.tiers VALUES ('5fff786a-32b1-4c5c-9cf0-27a120f8e94c', 'ab589a8c-cac4-4a20-80d7-54c03af96b89', 2, 'Balcony', 'general', 1000, 40, 6, 0, 4, 4128655477033);
INSERT INTO public.tiers VALUES ('e4e69f1c-b3df-406b-a5f1-862e381ff945', 'ab589a8c-cac4-4a20-80d7-54c03af96b89', 1, 'Stalls', 'general', 2600, 50, 3, 8, 0, 4128655476709);
INSERT INTO public.venues VALUES ('9fbe3715-b042-4cc4-b2df-54e7cc5ce227', 'Hall', '[{"name": "A", "rows": [{"name": "1", "seats": ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"]}, {"name": "2", "seats": ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"]}, {"name": "3", "seats": ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"]}, {"name": "4", "seats": ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"]}]}, {"name": "B", "rows": [{"name": "1", "seats": ["1", "2", "3", "4", "5", "6", "7", "8"]}, {"name": "2", "seats": ["1", "2", "3", "4", "5", "6", "7", "8"]}, {"name": "3", "seats": ["1", "2", "3", "4", "5", "6", "7", "8"]}]}]', 72, '2100-10-31 08:44:35.894542+00');
SELECT pg_catalog.setval('public.dead_letters_id_seq', 1, false);
SELECT pg_catalog.setval('public.events_number_seq', 4, true);
ALTER TABLE ONLY public.blocks
    ADD CONSTRAINT blocks_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.booking_items
    ADD CONSTRAINT booking_items_pkey PRIMARY KEY (booking_id, tier_id);
ALTER TABLE ONLY public.bookings
    ADD CONSTRAINT bookings_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.callbacks
    ADD CONSTRAINT callbacks_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.charges
    ADD CONSTRAINT charges_pkey PRIMARY KEY (provider, transaction_id);
ALTER TABLE ONLY public.dead_letters
    ADD CONSTRAINT dead_letters_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.event_rows
    ADD CONSTRAINT event_rows_pkey PRIMARY KEY (event_id, "row");
ALTER TABLE ONLY public.event_seats
    ADD CONSTRAINT event_seats_pkey PRIMARY KEY (event_id, seat);
ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_number_key UNIQUE (number);
ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.partitions
    ADD CONSTRAINT partitions_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.payments
    ADD CONSTRAINT payments_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.reconcilers
    ADD CONSTRAINT reconcilers_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.refresh_families
    ADD CONSTRAINT refresh_families_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.refresh_tokens
    ADD CONSTRAINT refresh_tokens_pkey PRIMARY KEY (hash);
ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (number);
ALTER TABLE ONLY public.settings
    ADD CONSTRAINT settings_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.tiers
    ADD CONSTRAINT tiers_event_id_position_key UNIQUE (event_id, "position");
ALTER TABLE ONLY public.tiers
    ADD CONSTRAINT tiers_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_one_an_email UNIQUE (email_normalised);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.venues
    ADD CONSTRAINT venues_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.verdicts
    ADD CONSTRAINT verdicts_pkey PRIMARY KEY (booking_id);
CREATE INDEX blocks_event ON public.blocks USING btree (event_id) WHERE (NOT removed);
CREATE INDEX bookings_keys ON public.bookings USING btree (event_id, created_at, id) WHERE (idempotency_digest IS NOT NULL);
CREATE INDEX bookings_live ON public.bookings USING btree (event_id, id) WHERE (status = ANY (ARRAY['RESERVED'::text, 'PENDING_PAYMENT'::text, 'CONFIRMED'::text]));
CREATE UNIQUE INDEX bookings_one_a_user ON public.bookings USING btree (event_id, user_id) WHERE (exclusive AND (status = 'CONFIRMED'::text));
CREATE INDEX bookings_user ON public.bookings USING btree (user_id, id DESC);
CREATE INDEX callbacks_received ON public.callbacks USING btree (received_at);
CREATE INDEX charges_open ON public.charges USING btree (updated_at) WHERE (state = ANY (ARRAY['told'::text, 'unmatched'::text, 'mismatch'::text]));
CREATE INDEX event_seats_booking ON public.event_seats USING btree (booking_id);
CREATE INDEX events_cancelled ON public.events USING btree (id) WHERE (status = 'cancelled'::text);
CREATE INDEX events_partition ON public.events USING btree (partition) WHERE (status <> 'draft'::text);
CREATE INDEX events_starts_at ON public.events USING btree (starts_at, id) WHERE (status <> 'draft'::text);
CREATE INDEX events_title ON public.events USING gin (title public.gin_trgm_ops) WHERE (status <> 'draft'::text);
CREATE INDEX payments_booking ON public.payments USING btree (booking_id);
CREATE INDEX payments_listed ON public.payments USING btree (created_at, id);
CREATE UNIQUE INDEX payments_one_charge ON public.payments USING btree (provider, transaction_id) WHERE (status = ANY (ARRAY['SUCCEEDED'::text, 'REFUND_DUE'::text, 'REFUNDED'::text]));
CREATE INDEX payments_settle ON public.payments USING btree (settle_at) WHERE ((status = 'PENDING'::text) OR (refunded_amount < refund_amount));
CREATE INDEX refresh_families_expiry ON public.refresh_families USING btree (expires_at);
CREATE INDEX refresh_families_user ON public.refresh_families USING btree (user_id);
CREATE INDEX refresh_tokens_family ON public.refresh_tokens USING btree (family_id);
CREATE UNIQUE INDEX refresh_tokens_one_live ON public.refresh_tokens USING btree (family_id) WHERE (used_at IS NULL);
CREATE INDEX verdicts_open ON public.verdicts USING btree (partition) WHERE (overruled_at IS NULL);
ALTER TABLE ONLY public.blocks
    ADD CONSTRAINT blocks_event_id_fkey FOREIGN KEY (event_id) REFERENCES public.events(id);
ALTER TABLE ONLY public.blocks
    ADD CONSTRAINT blocks_tier_id_fkey FOREIGN KEY (tier_id) REFERENCES public.tiers(id);
ALTER TABLE ONLY public.booking_items
    ADD CONSTRAINT booking_items_booking_id_fkey FOREIGN KEY (booking_id) REFERENCES public.bookings(id);
ALTER TABLE ONLY public.booking_items
    ADD CONSTRAINT booking_items_tier_id_fkey FOREIGN KEY (tier_id) REFERENCES public.tiers(id);
ALTER TABLE ONLY public.bookings
    ADD CONSTRAINT bookings_event_id_fkey FOREIGN KEY (event_id) REFERENCES public.events(id);
ALTER TABLE ONLY public.bookings
    ADD CONSTRAINT bookings_partition_fkey FOREIGN KEY (partition) REFERENCES public.partitions(id);
ALTER TABLE ONLY public.dead_letters
    ADD CONSTRAINT dead_letters_partition_fkey FOREIGN KEY (partition) REFERENCES public.partitions(id);
ALTER TABLE ONLY public.event_rows
    ADD CONSTRAINT event_rows_event_id_fkey FOREIGN KEY (event_id) REFERENCES public.events(id);
ALTER TABLE ONLY public.event_rows
    ADD CONSTRAINT event_rows_tier_id_fkey FOREIGN KEY (tier_id) REFERENCES public.tiers(id);
ALTER TABLE ONLY public.event_seats
    ADD CONSTRAINT event_seats_booking_id_fkey FOREIGN KEY (booking_id) REFERENCES public.bookings(id);
ALTER TABLE ONLY public.event_seats
    ADD CONSTRAINT event_seats_event_id_fkey FOREIGN KEY (event_id) REFERENCES public.events(id);
ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_partition_fkey FOREIGN KEY (partition) REFERENCES public.partitions(id);
ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_venue_id_fkey FOREIGN KEY (venue_id) REFERENCES public.venues(id);
ALTER TABLE ONLY public.refresh_families
    ADD CONSTRAINT refresh_families_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.refresh_tokens
    ADD CONSTRAINT refresh_tokens_family_id_fkey FOREIGN KEY (family_id) REFERENCES public.refresh_families(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.tiers
    ADD CONSTRAINT tiers_event_id_fkey FOREIGN KEY (event_id) REFERENCES public.events(id);
ALTER TABLE ONLY public.verdicts
    ADD CONSTRAINT verdicts_event_id_fkey FOREIGN KEY (event_id) REFERENCES public.events(id);
ALTER TABLE ONLY public.verdicts
    ADD CONSTRAINT verdicts_partition_fkey FOREIGN KEY (partition) REFERENCES public.partitions(id);
