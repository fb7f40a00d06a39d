// What the binary serves as it is: bytes that live as long as the process.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct {
    const uint8_t *_Nonnull bytes;
    size_t count;
} usher_document;

// The HTTP contract: openapi.yaml in JSON.
usher_document usher_openapi(void);
// The page that shows it, and its script.
usher_document usher_docs_page(void);
usher_document usher_docs_script(void);
// Swagger UI 5.31.0 (Apache License 2.0), gzipped, and its licence.
usher_document usher_swagger_script(void);
usher_document usher_swagger_style(void);
usher_document usher_swagger_licence(void);

// The pages at / and /ops and what they need: `web/`.
typedef struct {
    const char *_Nonnull name;
    usher_document document;
} usher_web_file;

size_t usher_web_file_count(void);
// index: below the count.
usher_web_file usher_web_file_at(size_t index);
