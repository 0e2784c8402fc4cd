/* gzip - see gzip.h. */
#include "mock/gzip.h"

#include <assert.h>
#include <zlib.h>

enum { GZIP_WINDOW = 15 + 16, MEMORY_USUAL = 8, ROOM = 64 << 10 };

static void deflate_into(struct buf *out, z_stream *stream, struct str bytes, int flush)
{
    stream->next_in = (unsigned char *)(uintptr_t)bytes.at;
    stream->avail_in = (unsigned)bytes.size;
    do {
        stream->next_out = (unsigned char *)buf_reserve(out, ROOM);
        stream->avail_out = ROOM;
        int rc = deflate(stream, flush);
        assert(rc != Z_STREAM_ERROR);
        (void)rc;
        out->size += ROOM - stream->avail_out;
    } while (stream->avail_out == 0);
}

void gzip_body(struct body *out, const struct body *plain)
{
    z_stream stream = { 0 };
    int rc = deflateInit2(
        &stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, MEMORY_USUAL, Z_DEFAULT_STRATEGY);
    assert(rc == Z_OK);
    (void)rc;
    for (uint32_t i = 0; i < plain->count; i++)
        for (uint64_t n = 0; n < plain->pieces[i].repeat; n++)
            deflate_into(&out->bytes, &stream, body_at(plain, &plain->pieces[i]), Z_NO_FLUSH);
    deflate_into(&out->bytes, &stream, (struct str){ 0 }, Z_FINISH);
    deflateEnd(&stream);
    body_event(out);
}
