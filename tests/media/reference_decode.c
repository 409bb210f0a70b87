/* reference_decode FILE [STREAM]: what libavcodec alone makes of a video stream, to compare Weir's frames with.
 *
 * libavformat reads, one decoder with one thread and its default buffers decodes; nothing filters, scales, turns or drops.
 * Prints a line for each frame that the decoder returns, in its order:
 *
 *     pts,format,md5
 *
 * pts is in the stream's time base ("none" if unknown), format is like "1920x1080 yuv420p" (yuvj names as yuv), md5 is that
 * of the visible picture's planes in the frame's own format, tightly packed, as av_image_copy_to_buffer with alignment 1 does
 * it (pal8 with its palette). Packets that the decoder refuses are skipped, as the ffmpeg command does. Without STREAM it is
 * libavformat's best video stream. Exit status: 0 if the decoder ran to the end of the input, 1 if not (stderr says why), 2
 * for wrong use.
 */
#include <errno.h>
#include <inttypes.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/imgutils.h>
#include <libavutil/md5.h>
#include <libavutil/mem.h>
#include <libavutil/pixdesc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reference {
    AVFormatContext* input;
    AVStream* stream;
    AVCodecContext* decoder;
    AVPacket* packet;
    AVFrame* frame;
    struct AVMD5* md5;
    uint8_t* packed; /* the frame at hand, tightly packed */
    unsigned packed_size;
};

static int failed(const char* what, int error) {
    fprintf(stderr, "reference_decode: %s: %s\n", what, av_err2str(error));
    return error;
}

/* Full range is a property of the frame, not of its memory. */
static enum AVPixelFormat without_range(enum AVPixelFormat format) {
    switch (format) {
    case AV_PIX_FMT_YUVJ411P: return AV_PIX_FMT_YUV411P;
    case AV_PIX_FMT_YUVJ420P: return AV_PIX_FMT_YUV420P;
    case AV_PIX_FMT_YUVJ422P: return AV_PIX_FMT_YUV422P;
    case AV_PIX_FMT_YUVJ440P: return AV_PIX_FMT_YUV440P;
    case AV_PIX_FMT_YUVJ444P: return AV_PIX_FMT_YUV444P;
    default: return format;
    }
}

static int print_frame(struct reference* r) {
    const AVFrame* frame = r->frame;
    const enum AVPixelFormat format = without_range(frame->format);
    const int size = av_image_get_buffer_size(format, frame->width, frame->height, 1);
    if (size < 0)
        return failed("the size of a picture", size);
    av_fast_malloc(&r->packed, &r->packed_size, (size_t)size);
    if (!r->packed)
        return failed("a picture", AVERROR(ENOMEM));
    const int copied = av_image_copy_to_buffer(r->packed, size, (const uint8_t* const*)frame->data, frame->linesize, format,
                                               frame->width, frame->height, 1);
    if (copied < 0)
        return failed("packing a picture", copied);

    uint8_t digest[16];
    av_md5_init(r->md5);
    av_md5_update(r->md5, r->packed, (size_t)size);
    av_md5_final(r->md5, digest);

    const int64_t pts = frame->pts != AV_NOPTS_VALUE ? frame->pts : frame->best_effort_timestamp;
    if (pts != AV_NOPTS_VALUE)
        printf("%" PRId64, pts);
    else
        printf("none");
    printf(",%dx%d %s,", frame->width, frame->height, av_get_pix_fmt_name(format));
    for (size_t i = 0; i < sizeof digest; ++i)
        printf("%02x", digest[i]);
    putchar('\n');
    return 0;
}

/* Prints what the decoder has ready. Returns AVERROR(EAGAIN) if it wants a packet, AVERROR_EOF at its end, or its error,
 * after which it may be asked again. */
static int receive_frames(struct reference* r) {
    for (;;) {
        const int received = avcodec_receive_frame(r->decoder, r->frame);
        if (received < 0)
            return received;
        const int printed = print_frame(r);
        av_frame_unref(r->frame);
        if (printed < 0)
            exit(1);
    }
}

/* Gives one packet to the decoder and prints what comes of it. What the decoder cannot use it reports itself, to stderr. */
static void decode_packet(struct reference* r) {
    if (r->packet->size == 0)
        return; /* would mean the end of input; some demuxers make such packets in mid-stream */
    int sent = avcodec_send_packet(r->decoder, r->packet);
    for (int attempts = 0; sent == AVERROR(EAGAIN) && attempts < 64; ++attempts) {
        receive_frames(r); /* an error in the packet before had kept it full */
        sent = avcodec_send_packet(r->decoder, r->packet);
    }
    receive_frames(r);
}

static void drain(struct reference* r) {
    avcodec_send_packet(r->decoder, NULL);
    while (receive_frames(r) != AVERROR_EOF) {
        /* an error; libavcodec bounds how many of them a draining decoder may return */
    }
}

/* A container's side data (but for the rotation, which only concerns players) goes to the decoder with the first packet. */
static int attach_stream_side_data(struct reference* r) {
    for (int i = 0; i < r->stream->nb_side_data; ++i) {
        const AVPacketSideData* data = &r->stream->side_data[i];
        if (data->type == AV_PKT_DATA_DISPLAYMATRIX || av_packet_get_side_data(r->packet, data->type, NULL))
            continue;
        uint8_t* copy = av_packet_new_side_data(r->packet, data->type, data->size);
        if (!copy)
            return failed("side data", AVERROR(ENOMEM));
        memcpy(copy, data->data, data->size);
    }
    return 0;
}

static int decode_all(struct reference* r) {
    int first = 1;
    for (;;) {
        const int read = av_read_frame(r->input, r->packet);
        if (read == AVERROR(EAGAIN))
            continue;
        if (read < 0) { /* an input that breaks off ends there */
            if (read != AVERROR_EOF)
                failed("reading", read);
            break;
        }
        if (r->packet->stream_index == r->stream->index) {
            if (first) {
                const int attached = attach_stream_side_data(r);
                if (attached < 0)
                    return attached;
                first = 0;
            }
            decode_packet(r);
        }
        av_packet_unref(r->packet);
    }
    drain(r);
    return 0;
}

/* Chooses the stream; the demuxer may skip all others. */
static int choose_stream(struct reference* r, int wanted) {
    const int index = av_find_best_stream(r->input, AVMEDIA_TYPE_VIDEO, wanted, -1, NULL, 0);
    if (index < 0)
        return failed("no such video stream", index);
    for (unsigned i = 0; i < r->input->nb_streams; ++i)
        r->input->streams[i]->discard = AVDISCARD_ALL;
    r->stream = r->input->streams[index];
    r->stream->discard = AVDISCARD_DEFAULT;
    return 0;
}

static int open_input(struct reference* r, const char* file, int wanted) {
    AVDictionary* options = NULL;
    av_dict_set(&options, "scan_all_pmts", "1", 0); /* as ffmpeg: all programs of an MPEG-TS */
    int result = avformat_open_input(&r->input, file, NULL, &options);
    av_dict_free(&options);
    if (result < 0)
        return failed(file, result);
    result = avformat_find_stream_info(r->input, NULL);
    if (result < 0)
        return failed("finding the streams", result);
    return choose_stream(r, wanted);
}

static int open_decoder(struct reference* r) {
    const AVCodec* codec = avcodec_find_decoder(r->stream->codecpar->codec_id);
    if (!codec)
        return failed(avcodec_get_name(r->stream->codecpar->codec_id), AVERROR_DECODER_NOT_FOUND);
    r->decoder = avcodec_alloc_context3(codec);
    r->packet = av_packet_alloc();
    r->frame = av_frame_alloc();
    r->md5 = av_md5_alloc();
    if (!r->decoder || !r->packet || !r->frame || !r->md5)
        return failed("starting", AVERROR(ENOMEM));
    int result = avcodec_parameters_to_context(r->decoder, r->stream->codecpar);
    if (result < 0)
        return failed("codec parameters", result);
    r->decoder->pkt_timebase = r->stream->time_base;
    r->decoder->thread_count = 1;
    result = avcodec_open2(r->decoder, codec, NULL);
    return result < 0 ? failed(codec->name, result) : 0;
}

static void close_all(struct reference* r) {
    av_freep(&r->packed);
    av_freep(&r->md5);
    av_frame_free(&r->frame);
    av_packet_free(&r->packet);
    avcodec_free_context(&r->decoder);
    avformat_close_input(&r->input);
}

int main(int argc, char** argv) {
    char* end = NULL;
    const long wanted = argc == 3 ? strtol(argv[2], &end, 10) : -1;
    if (argc < 2 || argc > 3 || (end && (end == argv[2] || *end != '\0' || wanted < 0 || wanted > 1000000))) {
        fprintf(stderr, "usage: reference_decode FILE [STREAM]\n");
        return 2;
    }
    struct reference r = {0};
    int result = open_input(&r, argv[1], (int)wanted);
    if (result >= 0)
        result = open_decoder(&r);
    if (result >= 0)
        result = decode_all(&r);
    close_all(&r);
    if (fflush(stdout) != 0 || ferror(stdout))
        result = failed("writing", AVERROR(errno));
    return result < 0 ? 1 : 0;
}
