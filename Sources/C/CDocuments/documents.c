#include "CDocuments.h"

#define DOCUMENT(name, file_bytes)                                             \
    usher_document name(void) {                                                \
        usher_document document = {file_bytes, sizeof file_bytes};             \
        return document;                                                       \
    }

static const uint8_t openapi[] = {
#embed "files/openapi.json"
};
static const uint8_t docs_page[] = {
#embed "files/docs.html"
};
static const uint8_t docs_script[] = {
#embed "files/start.js"
};
static const uint8_t swagger_script[] = {
#embed "files/swagger-ui-bundle.js.gz"
};
static const uint8_t swagger_style[] = {
#embed "files/swagger-ui.css.gz"
};
static const uint8_t swagger_licence[] = {
#embed "files/swagger-ui.LICENSE"
};

DOCUMENT(usher_openapi, openapi)
DOCUMENT(usher_docs_page, docs_page)
DOCUMENT(usher_docs_script, docs_script)
DOCUMENT(usher_swagger_script, swagger_script)
DOCUMENT(usher_swagger_style, swagger_style)
DOCUMENT(usher_swagger_licence, swagger_licence)

static const uint8_t web_index_html[] = {
#embed "web/index.html"
};
static const uint8_t web_ops_html[] = {
#embed "web/ops.html"
};
static const uint8_t web_missing_html[] = {
#embed "web/missing.html"
};
static const uint8_t web_style_css[] = {
#embed "web/style.css"
};
static const uint8_t web_icon_svg[] = {
#embed "web/icon.svg"
};
static const uint8_t web_api_js[] = {
#embed "web/api.js"
};
static const uint8_t web_live_js[] = {
#embed "web/live.js"
};
static const uint8_t web_notices_js[] = {
#embed "web/notices.js"
};
static const uint8_t web_account_js[] = {
#embed "web/account.js"
};
static const uint8_t web_app_js[] = {
#embed "web/app.js"
};
static const uint8_t web_event_js[] = {
#embed "web/event.js"
};
static const uint8_t web_seatmap_js[] = {
#embed "web/seatmap.js"
};
static const uint8_t web_booking_js[] = {
#embed "web/booking.js"
};
static const uint8_t web_ops_js[] = {
#embed "web/ops.js"
};
static const uint8_t web_dom_js[] = {
#embed "web/dom.js"
};
static const uint8_t web_locale_js[] = {
#embed "web/locale.js"
};
static const uint8_t web_words_js[] = {
#embed "web/words.js"
};
static const uint8_t web_views_js[] = {
#embed "web/views.js"
};
static const uint8_t web_holds_js[] = {
#embed "web/holds.js"
};
static const uint8_t web_events_js[] = {
#embed "web/events.js"
};
static const uint8_t web_bookings_js[] = {
#embed "web/bookings.js"
};
static const uint8_t web_basket_js[] = {
#embed "web/basket.js"
};
static const uint8_t web_picker_js[] = {
#embed "web/picker.js"
};
static const uint8_t web_hall_js[] = {
#embed "web/hall.js"
};
static const uint8_t web_overview_js[] = {
#embed "web/overview.js"
};
static const uint8_t web_payment_js[] = {
#embed "web/payment.js"
};
static const uint8_t web_profile_js[] = {
#embed "web/profile.js"
};
static const uint8_t web_ops_bookings_js[] = {
#embed "web/ops-bookings.js"
};
static const uint8_t web_ops_log_js[] = {
#embed "web/ops-log.js"
};

#define WEB(name, file_bytes)                                                  \
    { name, {file_bytes, sizeof file_bytes} }

static const usher_web_file web_files[] = {
    WEB("index.html", web_index_html),
    WEB("ops.html", web_ops_html),
    WEB("missing.html", web_missing_html),
    WEB("style.css", web_style_css),
    WEB("icon.svg", web_icon_svg),
    WEB("api.js", web_api_js),
    WEB("live.js", web_live_js),
    WEB("notices.js", web_notices_js),
    WEB("account.js", web_account_js),
    WEB("app.js", web_app_js),
    WEB("event.js", web_event_js),
    WEB("seatmap.js", web_seatmap_js),
    WEB("booking.js", web_booking_js),
    WEB("ops.js", web_ops_js),
    WEB("ops-log.js", web_ops_log_js),
    WEB("ops-bookings.js", web_ops_bookings_js),
    WEB("dom.js", web_dom_js),
    WEB("locale.js", web_locale_js),
    WEB("words.js", web_words_js),
    WEB("views.js", web_views_js),
    WEB("holds.js", web_holds_js),
    WEB("events.js", web_events_js),
    WEB("bookings.js", web_bookings_js),
    WEB("basket.js", web_basket_js),
    WEB("picker.js", web_picker_js),
    WEB("hall.js", web_hall_js),
    WEB("overview.js", web_overview_js),
    WEB("payment.js", web_payment_js),
    WEB("profile.js", web_profile_js),
};

size_t usher_web_file_count(void) {
    return sizeof web_files / sizeof web_files[0];
}

usher_web_file usher_web_file_at(size_t index) { return web_files[index]; }
