using System.Collections.Concurrent;
using System.Text;

namespace NewApi.Bench.Stub;

/// <summary>Answers as OpenAI, Anthropic and Google word them, made once.</summary>
internal static class CannedAnswers
{
    private static readonly ConcurrentDictionary<int, ReadOnlyMemory<byte>> Frames = new();

    public static ReadOnlyMemory<byte> Chat { get; } = Utf8(
        """
        {"id":"chatcmpl-bench","object":"chat.completion","created":1760000000,"model":"gpt-4o-mini","choices":[{"index":0,"message":{"role":"assistant","content":"A gateway stands between callers and models: it knows who asks, picks who answers, and counts what it cost.","refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":31,"completion_tokens":25,"total_tokens":56,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0}},"service_tier":"default","system_fingerprint":"fp_bench"}
        """);

    /// <summary>Answers a message, and the counting of its tokens too, so that both cost the same to send on.</summary>
    public static ReadOnlyMemory<byte> Message { get; } = Utf8(
        """
        {"id":"msg_bench","type":"message","role":"assistant","model":"claude-3-5-sonnet-20241022","content":[{"type":"text","text":"A gateway stands between callers and models: it knows who asks, picks who answers, and counts what it cost."}],"stop_reason":"end_turn","stop_sequence":null,"input_tokens":31,"usage":{"input_tokens":31,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":25,"service_tier":"standard"}}
        """);

    public static ReadOnlyMemory<byte> Content { get; } = Utf8(
        """
        {"candidates":[{"content":{"parts":[{"text":"A gateway stands between callers and models: it knows who asks, picks who answers, and counts what it cost."}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":31,"candidatesTokenCount":25,"totalTokenCount":56,"promptTokensDetails":[{"modality":"TEXT","tokenCount":31}]},"modelVersion":"gemini-2.0-flash-001","responseId":"bench"}
        """);

    public static ReadOnlyMemory<byte> Response { get; } = Utf8(
        """
        {"id":"resp_bench","object":"response","created_at":1760000000,"status":"completed","background":false,"error":null,"incomplete_details":null,"instructions":null,"max_output_tokens":256,"model":"gpt-4o-mini-2024-07-18","output":[{"id":"msg_bench","type":"message","status":"completed","content":[{"type":"output_text","annotations":[],"logprobs":[],"text":"A gateway stands between callers and models: it knows who asks, picks who answers, and counts what it cost."}],"role":"assistant"}],"parallel_tool_calls":true,"reasoning":{"effort":null,"summary":null},"service_tier":"default","store":false,"temperature":0.7,"text":{"format":{"type":"text"}},"tool_choice":"auto","tools":[],"top_p":1.0,"truncation":"disabled","usage":{"input_tokens":31,"input_tokens_details":{"cached_tokens":0},"output_tokens":25,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":56},"user":null,"metadata":{}}
        """);

    public static ReadOnlyMemory<byte> Embedding { get; } = Utf8(
        """{"object":"list","data":[{"object":"embedding","index":0,"embedding":["""
        + string.Join(',', Enumerable.Range(0, 256).Select(i => $"-0.0{10000 + i}"))
        + """]}],"model":"text-embedding-3-small","usage":{"prompt_tokens":12,"total_tokens":12}}""");

    public static ReadOnlyMemory<byte> FirstFrame { get; } = Utf8(
        Data("""{"role":"assistant","content":"","refusal":null}""", "null"));

    public static ReadOnlyMemory<byte> LastFrames { get; } = Utf8(
        Data("{}", "\"stop\"")
        + """
          data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1760000000,"model":"gpt-4o-mini","service_tier":"default","system_fingerprint":"fp_bench","choices":[],"usage":{"prompt_tokens":31,"completion_tokens":200,"total_tokens":231,"prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}}}

          data: [DONE]


          """);

    /// <summary>How a stream begins, goes on and ends, by the path that asks for it.</summary>
    public static (ReadOnlyMemory<byte> First, ReadOnlyMemory<byte> Frame, ReadOnlyMemory<byte> Last) StreamOf(string path, int size) => path switch
    {
        "/v1/messages" => (MessageFirst, MessageFrames.GetOrAdd(size, static size => Utf8(
            Event("content_block_delta", $$$"""{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"{{{new string('a', size)}}}"}}"""))), MessageLast),
        "/v1/responses" => (ResponseFirst, ResponseFrames.GetOrAdd(size, static size => Utf8(
            Event("response.output_text.delta", $$"""{"type":"response.output_text.delta","sequence_number":4,"item_id":"msg_bench","output_index":0,"content_index":0,"delta":"{{new string('a', size)}}","logprobs":[]}"""))), ResponseLast),
        _ when path.EndsWith(":streamGenerateContent", StringComparison.Ordinal) => (default, ContentFrames.GetOrAdd(size, static size => Utf8(
            $$"""data: {"candidates":[{"content":{"parts":[{"text":"{{new string('a', size)}}"}],"role":"model"},"index":0}],{{ContentTail}}""")), ContentLast),
        _ => (FirstFrame, Frame(size), LastFrames),
    };

    /// <summary>One content frame whose text has <paramref name="size"/> characters.</summary>
    public static ReadOnlyMemory<byte> Frame(int size) => Frames.GetOrAdd(
        size, static size => Utf8(Data($$"""{"content":"{{new string('a', size)}}"}""", "null")));

    private const string ContentTail =
        "\"usageMetadata\":{\"promptTokenCount\":31,\"candidatesTokenCount\":25,\"totalTokenCount\":56},\"modelVersion\":\"gemini-2.0-flash-001\",\"responseId\":\"bench\"}\n\n";

    private static readonly ConcurrentDictionary<int, ReadOnlyMemory<byte>> MessageFrames = new();
    private static readonly ConcurrentDictionary<int, ReadOnlyMemory<byte>> ResponseFrames = new();
    private static readonly ConcurrentDictionary<int, ReadOnlyMemory<byte>> ContentFrames = new();

    private static readonly byte[] MessageFirst = Utf8(
        Event("message_start", """{"type":"message_start","message":{"id":"msg_bench","type":"message","role":"assistant","model":"claude-3-5-sonnet-20241022","content":[],"stop_reason":null,"usage":{"input_tokens":31,"output_tokens":1}}}""")
        + Event("content_block_start", """{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"""));

    private static readonly byte[] MessageLast = Utf8(
        Event("content_block_stop", """{"type":"content_block_stop","index":0}""")
        + Event("message_delta", """{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":200}}""")
        + Event("message_stop", """{"type":"message_stop"}"""));

    private static readonly byte[] ContentLast = Utf8(
        $$"""data: {"candidates":[{"content":{"parts":[{"text":"."}],"role":"model"},"finishReason":"STOP","index":0}],{{ContentTail}}""");

    private static readonly byte[] ResponseFirst = Utf8(
        Event("response.created", """{"type":"response.created","sequence_number":0,"response":{"id":"resp_bench","object":"response","created_at":1760000000,"status":"in_progress","model":"gpt-4o-mini-2024-07-18","output":[]}}""")
        + Event("response.output_item.added", """{"type":"response.output_item.added","sequence_number":2,"output_index":0,"item":{"id":"msg_bench","type":"message","status":"in_progress","content":[],"role":"assistant"}}""")
        + Event("response.content_part.added", """{"type":"response.content_part.added","sequence_number":3,"item_id":"msg_bench","output_index":0,"content_index":0,"part":{"type":"output_text","annotations":[],"logprobs":[],"text":""}}"""));

    private static readonly byte[] ResponseLast = Utf8(
        Event("response.completed", """{"type":"response.completed","sequence_number":9,"response":{"id":"resp_bench","object":"response","created_at":1760000000,"status":"completed","model":"gpt-4o-mini-2024-07-18","output":[{"id":"msg_bench","type":"message","status":"completed","content":[{"type":"output_text","annotations":[],"logprobs":[],"text":"…"}],"role":"assistant"}],"usage":{"input_tokens":31,"output_tokens":200,"total_tokens":231}}}"""));

    private static string Event(string name, string json) => $"event: {name}\ndata: {json}\n\n";

    private static string Data(string delta, string finish) =>
        """data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1760000000,"model":"gpt-4o-mini","service_tier":"default","system_fingerprint":"fp_bench","choices":[{"index":0,"delta":"""
        + delta + ""","logprobs":null,"finish_reason":""" + finish + "}],\"usage\":null}\n\n";

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}
