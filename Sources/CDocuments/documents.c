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
